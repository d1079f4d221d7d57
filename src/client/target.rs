//! Where the gateway is: `HOST:PORT` as typed, checked, and the addresses it stands for.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use tokio::net::lookup_host;

/// The port of a gateway that was told nothing else.
pub const DEFAULT_PORT: u16 = 8900;

/// A host, by name or IP, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: String,
    port: u16,
}

/// Why a text names no gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// There is no host in it.
    #[error("\"{text}\" names no host; write HOST or HOST:PORT, as 127.0.0.1:8900 or [::1]:8900")]
    NoHost {
        /// What was typed.
        text: String,
    },
    /// What follows the last colon is no port.
    #[error("\"{port}\" is no port; a port is a number from 1 to 65535")]
    BadPort {
        /// What was typed for it.
        port: String,
    },
}

impl Target {
    /// The addresses it stands for, in the order in which to try them.
    pub(super) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let found = lookup_host((self.host.as_str(), self.port)).await?;
        let mut addresses = Vec::new();
        for address in found {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }
}

impl Default for Target {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: DEFAULT_PORT,
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let no_host = || TargetError::NoHost {
            text: text.to_owned(),
        };
        let port_of = |port: &str| match port.parse() {
            Ok(0) | Err(_) => Err(TargetError::BadPort {
                port: port.to_owned(),
            }),
            Ok(port) => Ok(port),
        };
        // An IPv6 address holds colons itself: alone, or in brackets where a port follows.
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self {
                host: text.to_owned(),
                port: DEFAULT_PORT,
            });
        }
        if let Some(bracketed) = text.strip_prefix('[') {
            let (host, rest) = bracketed.split_once(']').ok_or_else(no_host)?;
            let port = match rest.strip_prefix(':') {
                Some(port) => port_of(port)?,
                None if rest.is_empty() => DEFAULT_PORT,
                None => return Err(no_host()),
            };
            return Ok(Self {
                host: host.to_owned(),
                port,
            });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, port_of(port)?),
            None => (text, DEFAULT_PORT),
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(no_host());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse() {
            Ok(IpAddr::V6(host)) => write!(f, "[{host}]:{}", self.port),
            Ok(IpAddr::V4(_)) | Err(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_with_or_without_port_is_read_and_printed() {
        for (typed, meant) in [
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("127.0.0.1", "127.0.0.1:8900"),
            ("foh.local", "foh.local:8900"),
            ("foh:1", "foh:1"),
            ("::1", "[::1]:8900"),
            ("[::1]", "[::1]:8900"),
            ("[::1]:7", "[::1]:7"),
        ] {
            assert_eq!(typed.parse::<Target>().unwrap().to_string(), meant);
        }
        assert_eq!(Target::default(), "127.0.0.1:8900".parse().unwrap());
    }

    #[test]
    fn what_names_no_gateway_is_refused() {
        for typed in ["", ":8900", "a b", "[::1", "[::1]x"] {
            let error = typed.parse::<Target>().unwrap_err();
            assert!(matches!(error, TargetError::NoHost { .. }), "{typed}");
        }
        for typed in ["a:", "a:0", "a:65536", "a:b", "[::1]:", "1:2:3"] {
            let error = typed.parse::<Target>().unwrap_err();
            assert!(matches!(error, TargetError::BadPort { .. }), "{typed}");
        }
    }
}
