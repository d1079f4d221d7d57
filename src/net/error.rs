//! What sockets can say no to: binding, which stops the start, and sending, which stops nothing.

use std::io;
use std::net::SocketAddr;

/// Why a socket could not be had. Each names the address, and the cure where there is one.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program listens there.
    #[error(
        "{protocol} {address} is in use by another program (another oscgate?): stop it, or listen on \
         another port"
    )]
    InUse {
        /// What was to be spoken there: `udp` or `http`.
        protocol: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// No interface has this address.
    #[error("{protocol} {address}: {} is not an address of this machine", address.ip())]
    NotHere {
        /// What was to be spoken there: `udp` or `http`.
        protocol: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The port is reserved, or a policy forbids it.
    #[error("{protocol} {address}: not permitted; ports below 1024 mostly need a privilege")]
    Forbidden {
        /// What was to be spoken there: `udp` or `http`.
        protocol: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// This machine does not speak this family of addresses at all.
    #[error("{protocol} {address}: this machine has no {}", family(address))]
    NoFamily {
        /// What was to be spoken there: `udp` or `http`.
        protocol: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("{protocol} {address}: {source}")]
    Other {
        /// What was to be spoken there: `udp` or `http`.
        protocol: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl BindError {
    /// Gives what the system said when binding its name.
    pub(super) fn new(protocol: &'static str, address: SocketAddr, source: io::Error) -> Self {
        if source.raw_os_error() == Some(code::NO_FAMILY) {
            return Self::NoFamily { protocol, address };
        }
        let kind = source.kind();
        if kind == io::ErrorKind::AddrInUse {
            Self::InUse { protocol, address }
        } else if kind == io::ErrorKind::AddrNotAvailable {
            Self::NotHere { protocol, address }
        } else if kind == io::ErrorKind::PermissionDenied {
            Self::Forbidden { protocol, address }
        } else {
            Self::Other {
                protocol,
                address,
                source,
            }
        }
    }
}

fn family(address: &SocketAddr) -> &'static str {
    match address {
        SocketAddr::V4(_) => "IPv4",
        SocketAddr::V6(_) => "IPv6",
    }
}

/// A datagram that the kernel would not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Where it was meant to go.
    pub to: SocketAddr,
    /// Why not.
    pub error: SendError,
}

/// Why the kernel would not take a datagram, as far as the difference matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// No way there: network or host unreachable or down, or no such local address.
    Unreachable,
    /// Something sent earlier was refused.
    Refused,
    /// Longer than a datagram, or than the path, can be.
    TooLong,
    /// The kernel is out of buffers.
    NoBuffers,
    /// A firewall or policy forbids it; a broadcast, too.
    Forbidden,
    /// Anything else: port 0, for example.
    Other,
}

impl SendError {
    /// Sorts what the system said when sending.
    pub(super) fn new(source: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let kind = source.kind();
        let number = source.raw_os_error();
        if number == Some(code::TOO_LONG) {
            Self::TooLong
        } else if number == Some(code::NO_BUFFERS) || kind == Kind::OutOfMemory {
            Self::NoBuffers
        } else if kind == Kind::ConnectionRefused || kind == Kind::ConnectionReset {
            Self::Refused
        } else if kind == Kind::PermissionDenied {
            Self::Forbidden
        } else if matches!(
            kind,
            Kind::NetworkUnreachable
                | Kind::HostUnreachable
                | Kind::NetworkDown
                | Kind::AddrNotAvailable
        ) {
            Self::Unreachable
        } else {
            Self::Other
        }
    }
}

/// The error numbers that the standard library has no stable name for.
mod code {
    #[cfg(target_os = "linux")]
    pub(super) use super::super::mmsg::{NO_BUFFERS, NO_FAMILY, TOO_LONG};

    #[cfg(windows)]
    mod numbers {
        pub(crate) const TOO_LONG: i32 = 10_040;
        pub(crate) const NO_BUFFERS: i32 = 10_055;
        pub(crate) const NO_FAMILY: i32 = 10_047;
    }

    /// As the BSDs count, macOS among them.
    #[cfg(not(any(target_os = "linux", windows)))]
    mod numbers {
        pub(crate) const TOO_LONG: i32 = 40;
        pub(crate) const NO_BUFFERS: i32 = 55;
        pub(crate) const NO_FAMILY: i32 = 47;
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) use numbers::{NO_BUFFERS, NO_FAMILY, TOO_LONG};
}
