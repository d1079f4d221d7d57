//! Which web pages may speak to the gateway: a browser lets any page connect anywhere, and says
//! whose page it is (RFC 6455, section 10.2).

use std::net::IpAddr;

use crate::config::Origin;

/// Endings of names that only a local network gives out: RFC 6762, RFC 8375, and what routers and
/// administrators use.
const LOCAL_ENDINGS: [&str; 6] = [
    ".local",
    ".lan",
    ".home.arpa",
    ".internal",
    ".localdomain",
    ".localhost",
];

/// Whether a page of `origin` may connect to a gateway that was asked for as `host` (the header of
/// this name), where the configuration has `more`.
///
/// A page of the gateway itself may, and a page of the browser's own machine. The gateway's own host
/// counts only by an address or a name of local networks: a public name can be made to lead here by
/// whoever owns it (DNS rebinding), and is listed if it is meant.
pub(super) fn may_connect(origin: &str, host: Option<&str>, more: &[Origin]) -> bool {
    let origin = origin.to_ascii_lowercase();
    let is_listed = |one: &Origin| match one {
        Origin::Any => true,
        Origin::One(text) => *text == origin,
    };
    if more.iter().any(is_listed) {
        return true;
    }
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let name = name_of(authority);
    if is_loopback(name) {
        return true;
    }
    let own = host.map(str::to_ascii_lowercase);
    let is_own = own.is_some_and(|own| with_port(scheme, &own) == with_port(scheme, authority));
    is_own && is_local(name)
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn name_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

/// With the port that the scheme implies where none is written.
fn with_port(scheme: &str, authority: &str) -> String {
    let after_brackets = authority.rsplit(']').next().unwrap_or_default();
    if after_brackets.contains(':') {
        return authority.to_owned();
    }
    let port = if scheme == "https" { 443 } else { 80 };
    format!("{authority}:{port}")
}

fn is_loopback(name: &str) -> bool {
    let ip = name.parse::<IpAddr>();
    name == "localhost"
        || name.ends_with(".localhost")
        || ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Whether nobody outside can give this name out: an address, one word, or a local ending.
fn is_local(name: &str) -> bool {
    name.parse::<IpAddr>().is_ok()
        || !name.contains('.')
        || LOCAL_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_gateway_and_of_the_own_machine_may_connect() {
        for (origin, host) in [
            ("http://10.0.1.5:8900", "10.0.1.5:8900"),
            ("http://[fd00::5]:8900", "[fd00::5]:8900"),
            ("http://FOH:8900", "foh:8900"),
            ("http://foh.local:8900", "foh.local:8900"),
            ("http://foh.theatre.lan", "foh.theatre.lan:80"),
            ("https://foh.theatre.lan", "foh.theatre.lan:443"),
            ("http://localhost:3000", "10.0.1.5:8900"),
            ("http://127.0.0.1:3000", "10.0.1.5:8900"),
            ("http://[::1]:3000", "10.0.1.5:8900"),
        ] {
            assert!(may_connect(origin, Some(host), &[]), "{origin} at {host}");
        }
    }

    #[test]
    fn other_pages_may_not() {
        for (origin, host) in [
            ("http://evil.example", "10.0.1.5:8900"),
            // A name that its owner lets lead here.
            ("http://evil.example:8900", "evil.example:8900"),
            ("http://10.0.1.6:8900", "10.0.1.5:8900"),
            ("http://10.0.1.5:3000", "10.0.1.5:8900"),
            ("http://localhost.evil.example", "10.0.1.5:8900"),
            ("http://127.0.0.1.evil.example", "10.0.1.5:8900"),
            ("null", "10.0.1.5:8900"),
            ("", "10.0.1.5:8900"),
            ("http://", "10.0.1.5:8900"),
        ] {
            assert!(!may_connect(origin, Some(host), &[]), "{origin} at {host}");
        }
        assert!(!may_connect("http://10.0.1.5:8900", None, &[]));
    }

    #[test]
    fn pages_that_are_listed_may() {
        let one = |text: &str| [Origin::One(text.to_owned())];
        let host = Some("10.0.1.5:8900");
        assert!(may_connect(
            "https://panel.example",
            host,
            &one("https://panel.example")
        ));
        assert!(!may_connect(
            "http://panel.example",
            host,
            &one("https://panel.example")
        ));
        assert!(may_connect("null", host, &one("null")));
        assert!(may_connect("http://evil.example", host, &[Origin::Any]));
    }
}
