//! Takes connections, and answers each request: a page, or a WebSocket.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

use super::lines::{Accepted, Exchange};
use super::origin::may_connect;
use super::websocket::serve;
use crate::config::Access;
use crate::limits::{DATAGRAM_BYTES_MAX, HTTP_CONNECTIONS_MAX};
use crate::net::{BindError, Listener};

/// How long a client may take over the head of a request, and may be idle before the next.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);

/// The head of a request: browsers send some hundred bytes, with cookies a few thousand.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// What one WebSocket reads at a time, and gathers before it writes.
const BUFFER_BYTES: usize = 8 * 1024;

/// How long to wait after a connection could not be taken: out of file descriptors, mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long WebSockets may take to send their last words.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Why somebody was turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A web page of this origin.
    Origin(String),
    /// Its address is not served.
    NotServed,
    /// There are too many connections.
    TooMany,
    /// The system could not take the connection, for this reason.
    System(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(origin) => write!(
                f,
                "a web page of {origin} is not allowed to connect; if it is yours, add {origin:?} \
                 to [access] origins"
            ),
            Self::NotServed => write!(f, "not served; see [access] allow"),
            Self::TooMany => write!(
                f,
                "no room for one more HTTP connection: there are {HTTP_CONNECTIONS_MAX}"
            ),
            Self::System(reason) => write!(f, "the connection could not be taken: {reason}"),
        }
    }
}

/// What is served.
#[derive(Debug)]
pub struct Site {
    /// The pages, for every request but that for a WebSocket.
    pub pages: Router,
    /// Who is served, as the show in force says.
    pub access: watch::Receiver<Access>,
    /// Where WebSockets lead.
    pub exchange: Exchange,
}

/// A bound server.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    room: Arc<Semaphore>,
}

impl Server {
    /// Listens at an address; within a tokio runtime.
    ///
    /// # Errors
    ///
    /// If the address cannot be had.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        Ok(Self {
            listener: Listener::bind(address)?,
            room: Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX)),
        })
    }

    /// The address, with the port that was picked.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Serves until `stopped` completes, then lets WebSockets finish within half a second: they
    /// end by themselves once the loop has hung up.
    pub async fn run(self, site: Site, stopped: impl Future<Output = ()>) {
        let site = Arc::new(site);
        let mut stopped = std::pin::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, from, local)) => self.take(stream, (from, local), &site),
                    Err(error) => {
                        let from = self.listener.local_addr();
                        let refusal = Refusal::System(error.to_string());
                        site.exchange.refused(from, refusal);
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        let all = u32::try_from(HTTP_CONNECTIONS_MAX).expect("a few thousand");
        let _ = tokio::time::timeout(LAST_WORDS, self.room.acquire_many(all)).await;
    }

    fn take(&self, stream: TcpStream, (from, local): (SocketAddr, IpAddr), site: &Arc<Site>) {
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            return site.exchange.refused(from, Refusal::TooMany);
        };
        #[cfg(unix)]
        let socket = match std::os::fd::AsFd::as_fd(&stream).try_clone_to_owned() {
            Ok(socket) => Arc::new(socket),
            Err(error) => {
                let refusal = Refusal::System(error.to_string());
                return site.exchange.refused(from, refusal);
            }
        };
        let visitor = Visitor {
            accepted: Arc::new(Accepted {
                from,
                local,
                #[cfg(unix)]
                socket,
            }),
            permit: Arc::new(permit),
            site: Arc::clone(site),
        };
        tokio::spawn(visitor.converse(stream));
    }
}

/// Whoever is at the other end of one connection.
#[derive(Clone, Debug)]
struct Visitor {
    accepted: Arc<Accepted>,
    /// Held as long as the connection, or the WebSocket that it becomes.
    permit: Arc<OwnedSemaphorePermit>,
    site: Arc<Site>,
}

impl Visitor {
    async fn converse(self, stream: TcpStream) {
        let answer = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
            let visitor = self.clone();
            async move { Ok::<_, Infallible>(visitor.answer(request.map(Body::new)).await) }
        });
        // What goes wrong is the far end's doing, and ends its connection alone.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_PATIENCE)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), answer)
            .with_upgrades()
            .await;
    }

    async fn answer(self, request: Request<Body>) -> Response {
        if !self.site.access.borrow().allows(self.accepted.from.ip()) {
            return self.refuse(Refusal::NotServed);
        }
        if is_upgrade(&request) {
            return self.upgrade(request).await;
        }
        match self.site.pages.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    async fn upgrade(self, request: Request<Body>) -> Response {
        let (mut parts, _) = request.into_parts();
        let text = |name| parts.headers.get(name).map(|value| value.to_str());
        // Programs name no origin; what is no text is a page that may not.
        if let Some(origin) = text(header::ORIGIN) {
            let origin = origin.unwrap_or_default();
            let host = text(header::HOST).and_then(Result::ok);
            let allowed = may_connect(origin, host, &self.site.access.borrow().origins);
            if !allowed {
                return self.refuse(Refusal::Origin(origin.to_owned()));
            }
        }
        match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => upgrade
                .max_message_size(DATAGRAM_BYTES_MAX)
                .max_frame_size(DATAGRAM_BYTES_MAX)
                .read_buffer_size(BUFFER_BYTES)
                .write_buffer_size(BUFFER_BYTES)
                .on_upgrade(async move |socket| {
                    serve(socket, &self.site.exchange, self.accepted).await;
                    drop(self.permit);
                }),
            Err(rejection) => rejection.into_response(),
        }
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        let text = format!("{refusal}\n");
        self.site.exchange.refused(self.accepted.from, refusal);
        (StatusCode::FORBIDDEN, text).into_response()
    }
}

/// Whether this asks for a WebSocket where there is one.
fn is_upgrade(request: &Request<Body>) -> bool {
    let upgrade = request.headers().get(header::UPGRADE);
    request.method() == Method::GET
        && request.uri().path() == "/"
        && upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}
