//! What a console speaks through: a UDP socket, or a WebSocket.

use std::cell::RefCell;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use tungstenite::{Message, WebSocket};

use crate::program::SOON;

/// One way to a gateway, and back.
pub(crate) enum Wire {
    /// Datagrams to this address, and answers from there.
    Udp(UdpSocket, SocketAddr),
    /// Binary messages.
    WebSocket(Box<RefCell<WebSocket<TcpStream>>>),
}

impl Wire {
    /// Opens a WebSocket from a local address, port 0 for any.
    pub(crate) fn websocket(local: SocketAddr, http: SocketAddr) -> Self {
        let stream = connect(local, http);
        let url = format!("ws://{http}/");
        let (socket, _) = tungstenite::client(url, stream).expect("the upgrade is granted");
        Self::WebSocket(Box::new(RefCell::new(socket)))
    }

    /// Where it speaks from.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        let address = match self {
            Self::Udp(socket, _) => socket.local_addr(),
            Self::WebSocket(socket) => socket.borrow().get_ref().local_addr(),
        };
        address.expect("it is open")
    }

    /// Sends one packet.
    pub(crate) fn send(&self, bytes: &[u8]) {
        match self {
            Self::Udp(socket, gateway) => {
                socket.send_to(bytes, gateway).expect("loopback takes it");
            }
            Self::WebSocket(socket) => {
                let packet = Message::binary(bytes.to_vec());
                let mut socket = socket.borrow_mut();
                socket.send(packet).expect("the gateway takes it");
            }
        }
    }

    /// The next packet, if one comes in time. An answer leaves from where the question went.
    pub(crate) fn receive(&self, wait: Duration) -> Option<Vec<u8>> {
        let least = Duration::from_millis(1);
        match self {
            Self::Udp(socket, gateway) => {
                let mut buffer = vec![0; 65_536];
                let wait = Some(wait.max(least));
                socket.set_read_timeout(wait).expect("it is a good time");
                let (length, from) = socket.recv_from(&mut buffer).ok()?;
                assert_eq!(
                    from, *gateway,
                    "an answer leaves from where the question went"
                );
                buffer.truncate(length);
                Some(buffer)
            }
            Self::WebSocket(socket) => {
                let mut socket = socket.borrow_mut();
                let deadline = Instant::now() + wait;
                // The gateway's pings do not make it longer.
                loop {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let stream = socket.get_ref();
                    stream
                        .set_read_timeout(Some(left.max(least)))
                        .expect("it is a good time");
                    match socket.read() {
                        Ok(Message::Binary(bytes)) => return Some(bytes.to_vec()),
                        // The library answers it.
                        Ok(Message::Ping(_)) => {}
                        // The end is nothing to be heard.
                        Ok(_) | Err(_) => return None,
                    }
                }
            }
        }
    }
}

/// A TCP connection from a local address.
pub(crate) fn connect(local: SocketAddr, to: SocketAddr) -> TcpStream {
    use socket2::{Domain, Socket, Type};

    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).expect("a socket");
    socket.bind(&local.into()).expect("a local address");
    socket
        .connect_timeout(&to.into(), SOON)
        .expect("the gateway takes connections");
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true).expect("TCP has it");
    stream
}
