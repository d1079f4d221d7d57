//! A TCP socket that takes connections.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Type};
use tokio::net::{TcpListener, TcpStream};

use super::error::BindError;

/// Connections that wait to be taken: the page reloaded on every phone of a show at once.
const BACKLOG: i32 = 1_024;

/// Takes connections at one address.
#[derive(Debug)]
pub struct Listener {
    io: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens for HTTP at an address, port 0 picking a free one; within a tokio runtime. An IPv6
    /// address serves IPv6 alone.
    ///
    /// # Errors
    ///
    /// If the address cannot be had.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        Self::open(address).map_err(|error| BindError::new("http", address, error))
    }

    fn open(address: SocketAddr) -> io::Result<Self> {
        let domain = Domain::for_address(address);
        let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // A restarted gateway has its port back although connections of the old one linger. Under
        // Windows the same option would let two programs share it.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let io = TcpListener::from_std(socket.into())?;
        let address = io.local_addr()?;
        Ok(Self { io, address })
    }

    /// The address, with the port that was picked.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next connection, where it comes from, and the local address it was made to; IPv4-mapped
    /// addresses are folded to IPv4. Safe to drop while it waits.
    ///
    /// # Errors
    ///
    /// What the system says; the next connection may well succeed.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, IpAddr)> {
        let (stream, from) = self.io.accept().await?;
        // A fader's value does not wait for more of its kind.
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?.ip().to_canonical();
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        Ok((stream, from, local))
    }
}
