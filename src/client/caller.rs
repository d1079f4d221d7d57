//! The client: a socket connected to the gateway, and calls over it that survive a lost datagram.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::error::CallError;
use super::incoming::Incoming;
use super::number::Numbers;
use super::refusal::Refusal;
use super::retry::Retry;
use super::target::Target;
use crate::limits::DATAGRAM_BYTES_MAX;
use crate::osc::{Argument, decode_packet, encode_message};

/// Messages kept while a call waits for its answer; past it the oldest are dropped. A call takes
/// seconds at most, and a sync of a large show is paced.
const KEPT_MESSAGES_MAX: usize = 65_536;

/// How long leaving may take: a lost `bye` is said again, but nobody waits for a dead gateway.
const LEAVE_PATIENCE: Duration = Duration::from_millis(700);

/// A client of one gateway.
///
/// ```no_run
/// # async fn example() -> Result<(), oscgate::client::CallError> {
/// use std::time::Duration;
/// use oscgate::client::{Client, Target};
/// use oscgate::osc::Argument;
///
/// let mut client = Client::open(&Target::default(), None, Duration::from_secs(3)).await?;
/// let address = Argument::String("/mixer/fader/1".to_owned());
/// let values = client.call("/oscgate/get", &[address]).await?;
/// println!("{values:?}");
/// client.leave().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client {
    socket: UdpSocket,
    gateway: SocketAddr,
    name: Option<String>,
    patience: Duration,
    numbers: Numbers,
    session: Session,
    kept: VecDeque<Incoming>,
    buffer: Box<[u8]>,
}

/// Who began the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Session {
    /// This client, which then ends it.
    Own,
    /// Another program, which the configuration makes the same client: it may still hold locks.
    Shared,
}

impl Client {
    /// Finds the gateway, makes sure that it answers, and takes `name` if one is given.
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; a name in use is a refusal.
    pub async fn open(
        target: &Target,
        name: Option<&str>,
        patience: Duration,
    ) -> Result<Self, CallError> {
        let unresolved = |source| CallError::Unresolved {
            target: target.to_string(),
            source,
        };
        let mut last = unresolved(io::Error::from(io::ErrorKind::NotFound));
        // A name can stand for several addresses, and the gateway may listen on one of them alone
        // (`localhost` is ::1 first on many machines).
        for gateway in target.resolve().await.map_err(unresolved)? {
            match Self::open_at(gateway, name, patience).await {
                Err(error @ (CallError::NothingListens { .. } | CallError::Io { .. })) => {
                    last = error;
                }
                done => return done,
            }
        }
        Err(last)
    }

    async fn open_at(
        gateway: SocketAddr,
        name: Option<&str>,
        patience: Duration,
    ) -> Result<Self, CallError> {
        let error = |source| CallError::Io { gateway, source };
        let any = match gateway {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(any).await.map_err(error)?;
        socket.connect(gateway).await.map_err(error)?;
        let mut client = Self {
            socket,
            gateway,
            name: name.map(str::to_owned),
            patience,
            numbers: Numbers::default(),
            session: Session::Shared,
            kept: VecDeque::new(),
            buffer: vec![0; DATAGRAM_BYTES_MAX + 1].into_boxed_slice(),
        };
        match client.call("/oscgate/ping", &[]).await {
            Err(CallError::Denied(refusal)) if refusal.code == "STALE" => {
                // An old session has seen higher numbers (the clock was set back since): a client
                // that starts anew says bye first.
                client.send_message("/oscgate/bye", &[]).await?;
                client.call("/oscgate/ping", &[]).await?;
            }
            done => {
                done?;
            }
        }
        client.take_welcome();
        if let Err(error) = client.introduce().await {
            client.leave().await;
            return Err(error);
        }
        Ok(client)
    }

    /// Takes the name again and forgets the old session, after the gateway has told unexpectedly
    /// that a new one began.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn rejoin(&mut self) -> Result<(), CallError> {
        self.session = Session::Own;
        self.introduce().await
    }

    async fn introduce(&mut self) -> Result<(), CallError> {
        if let Some(name) = self.name.clone() {
            self.call("/oscgate/hello", &[Argument::String(name)])
                .await?;
            self.take_welcome();
        }
        Ok(())
    }

    /// Has the gateway do what the message would do, once, and waits for its answer: what follows
    /// `OK` in it.
    ///
    /// Safe to drop while it waits; the call may then have been done or not.
    ///
    /// # Errors
    ///
    /// A refusal, no answer, or a message that cannot be written.
    pub async fn call(
        &mut self,
        address: &str,
        arguments: &[Argument],
    ) -> Result<Vec<Argument>, CallError> {
        self.call_within(self.patience, address, arguments).await
    }

    async fn call_within(
        &mut self,
        patience: Duration,
        address: &str,
        arguments: &[Argument],
    ) -> Result<Vec<Argument>, CallError> {
        let number = self.numbers.next(since_1970());
        let mut call = vec![Argument::Int(number), Argument::String(address.to_owned())];
        call.extend_from_slice(arguments);
        let packet = encode_message("/oscgate/call", &call)?;
        for wait in Retry::new(patience) {
            self.send(&packet).await?;
            let Ok(answer) = timeout(wait, self.reply_to(number)).await else {
                continue;
            };
            let (code, arguments) = answer?;
            return match code.as_str() {
                "OK" => Ok(arguments),
                code => Err(CallError::Denied(Refusal::of_reply(code, &arguments))),
            };
        }
        Err(CallError::NoAnswer {
            gateway: self.gateway,
            after: patience,
        })
    }

    /// Sends a message once, without waiting for anything.
    ///
    /// # Errors
    ///
    /// If it cannot be written or sent.
    pub async fn send_message(
        &mut self,
        address: &str,
        arguments: &[Argument],
    ) -> Result<(), CallError> {
        let packet = encode_message(address, arguments)?;
        self.send(&packet).await
    }

    /// The next message from the gateway, late replies left out. Safe to drop while it waits.
    ///
    /// # Errors
    ///
    /// If the host answers that nobody listens, or the network does not work.
    pub async fn next(&mut self) -> Result<Incoming, CallError> {
        loop {
            if let Some(kept) = self.kept.pop_front() {
                return Ok(kept);
            }
            for incoming in self.receive().await? {
                self.keep(incoming);
            }
        }
    }

    /// A message that arrived while a call waited for its answer, without waiting for another.
    pub fn next_kept(&mut self) -> Option<Incoming> {
        self.kept.pop_front()
    }

    /// Ends the session if this client began it. Never fails: a gateway that does not hear it
    /// ends the session by itself.
    pub async fn leave(&mut self) {
        match self.session {
            Session::Own => {
                // Whatever the outcome, there is nothing more to be done about it.
                let _ = self.call_within(LEAVE_PATIENCE, "/oscgate/bye", &[]).await;
            }
            Session::Shared => self.stay().await,
        }
    }

    /// Leaves without ending the session: what it holds stays until it runs out.
    pub async fn stay(&mut self) {
        tokio::time::sleep(self.numbers.overhang(since_1970())).await;
    }

    /// Where the gateway is.
    #[must_use]
    pub const fn gateway(&self) -> SocketAddr {
        self.gateway
    }

    /// Whether this client speaks from `endpoint`, as the gateway writes it.
    #[must_use]
    pub fn is_own(&self, endpoint: &str) -> bool {
        let endpoint = endpoint.parse::<SocketAddr>().ok();
        endpoint.is_some() && endpoint == self.socket.local_addr().ok()
    }

    /// The answer to the call of this number; all else is kept.
    async fn reply_to(&mut self, wanted: i32) -> Result<(String, Vec<Argument>), CallError> {
        loop {
            let mut answer = None;
            for incoming in self.receive().await? {
                if let Incoming::Reply {
                    number,
                    code,
                    arguments,
                } = incoming
                {
                    if number == wanted {
                        answer = Some((code, arguments));
                    }
                } else {
                    self.keep(incoming);
                }
            }
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
    }

    /// The messages of the next good datagram; others are passed over.
    async fn receive(&mut self) -> Result<Vec<Incoming>, CallError> {
        loop {
            let length = match self.socket.recv(&mut self.buffer).await {
                Ok(length) => length,
                Err(error) => return Err(self.failure(error)),
            };
            if let Ok(messages) = decode_packet(&self.buffer[..length]) {
                return Ok(messages.into_iter().map(Incoming::of_message).collect());
            }
        }
    }

    fn keep(&mut self, incoming: Incoming) {
        // A reply that nobody waits for any more answers a call that was sent twice.
        if matches!(incoming, Incoming::Reply { .. }) {
            return;
        }
        if self.kept.len() >= KEPT_MESSAGES_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(incoming);
    }

    /// Takes out what the gateway says to whoever begins a session or takes a name: from then on
    /// it means that a session was lost.
    fn take_welcome(&mut self) {
        let before = self.kept.len();
        self.kept
            .retain(|kept| !matches!(kept, Incoming::Connected { .. }));
        if self.kept.len() < before {
            self.session = Session::Own;
        }
    }

    async fn send(&self, packet: &[u8]) -> Result<(), CallError> {
        match self.socket.send(packet).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failure(error)),
        }
    }

    fn failure(&self, source: io::Error) -> CallError {
        let gateway = self.gateway;
        if source.kind() == io::ErrorKind::ConnectionRefused {
            CallError::NothingListens { gateway }
        } else {
            CallError::Io { gateway, source }
        }
    }
}

/// The wall clock: the numbers of calls outlive this program.
fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lost_call_is_sent_again_under_its_number_and_done_once() {
        let gateway = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let target = gateway.local_addr().unwrap().to_string().parse().unwrap();
        let answering = async {
            let (ping, from) = heard(&gateway).await;
            connected(&gateway, from).await;
            reply(&gateway, from, &ping, "OK", &[]).await;
            let (lost, _) = heard(&gateway).await;
            let (again, from) = heard(&gateway).await;
            assert_eq!(lost, again);
            assert_ne!(lost[0], ping[0]);
            // A reply to another number and an update come first.
            reply(&gateway, from, &ping, "OK", &[]).await;
            let update = encode_message("/b", &[Argument::Int(1)]).unwrap();
            gateway.send_to(&update, from).await.unwrap();
            reply(&gateway, from, &again, "OK", &[Argument::Float(0.5)]).await;
            let (bye, from) = heard(&gateway).await;
            assert_eq!(bye[1], Argument::String("/oscgate/bye".into()));
            reply(&gateway, from, &bye, "OK", &[]).await;
        };
        let calling = async {
            let mut client = Client::open(&target, None, Duration::from_secs(10))
                .await
                .unwrap();
            let address = Argument::String("/a".into());
            let values = client.call("/oscgate/get", &[address]).await.unwrap();
            assert_eq!(values, [Argument::Float(0.5)]);
            assert!(matches!(client.next().await.unwrap(), Incoming::Update(_)));
            client.leave().await;
        };
        tokio::join!(answering, calling);
    }

    #[tokio::test]
    async fn a_session_that_another_program_began_is_not_ended() {
        let gateway = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let target = gateway.local_addr().unwrap().to_string().parse().unwrap();
        let answering = async {
            let (ping, from) = heard(&gateway).await;
            reply(&gateway, from, &ping, "OK", &[]).await;
        };
        let calling = async {
            let mut client = Client::open(&target, None, Duration::from_secs(10))
                .await
                .unwrap();
            assert_eq!(client.session, Session::Shared);
            client.leave().await;
        };
        tokio::join!(answering, calling);
        let mut buffer = [0; 64];
        assert!(gateway.try_recv(&mut buffer).is_err());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_port_where_nothing_listens_is_told_at_once() {
        let port = {
            let taken = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            taken.local_addr().unwrap().port()
        };
        let target = format!("127.0.0.1:{port}").parse().unwrap();
        let opened = timeout(
            Duration::from_secs(20),
            Client::open(&target, None, Duration::from_secs(60)),
        );
        let error = opened.await.expect("told at once").unwrap_err();
        assert!(matches!(error, CallError::NothingListens { .. }), "{error}");
    }

    async fn heard(gateway: &UdpSocket) -> (Vec<Argument>, SocketAddr) {
        let mut buffer = [0; 512];
        let (length, from) = gateway.recv_from(&mut buffer).await.unwrap();
        let message = decode_packet(&buffer[..length]).unwrap().remove(0);
        assert_eq!(message.address, "/oscgate/call");
        (message.arguments, from)
    }

    async fn reply(
        gateway: &UdpSocket,
        to: SocketAddr,
        call: &[Argument],
        code: &str,
        rest: &[Argument],
    ) {
        let mut arguments = vec![call[0].clone(), Argument::String(code.into())];
        arguments.extend_from_slice(rest);
        let packet = encode_message("/oscgate/reply", &arguments).unwrap();
        gateway.send_to(&packet, to).await.unwrap();
    }

    async fn connected(gateway: &UdpSocket, to: SocketAddr) {
        let names = ["127.0.0.1:5", "127.0.0.1:5"].map(|name| Argument::String(name.into()));
        let packet = encode_message("/oscgate/status/connected", &names).unwrap();
        gateway.send_to(&packet, to).await.unwrap();
    }
}
