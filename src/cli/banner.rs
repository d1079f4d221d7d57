//! What a gateway says when it starts: where it can be reached, and by whom.

use std::net::{IpAddr, SocketAddr};

use if_addrs::Interface;
use tracing::info;

use crate::config::{Access, Allow, Clients, Show};

/// Logs it.
pub(super) fn show_banner(addresses: &[SocketAddr], http: Option<SocketAddr>, show: &Show) {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    info!("oscgate {version} \"{}\"", show.gateway.name);
    for &address in addresses {
        info!("udp {address}{}", reach(address, &interfaces));
    }
    if let Some(address) = http {
        info!("http {address}{}", reach(address, &interfaces));
        info!("a page to try it: {}", page(address, &interfaces));
    }
    info!("served: {}", who(&show.access, show.clients.len()));
}

/// Where a wildcard address can be reached.
fn reach(address: SocketAddr, interfaces: &[Interface]) -> String {
    if !address.ip().is_unspecified() {
        return String::new();
    }
    let places: Vec<String> = places(address, interfaces)
        .map(|(place, name)| format!("{place} ({name})"))
        .collect();
    if places.is_empty() {
        return ": no interface has an address for it now".to_owned();
    }
    format!(", to be reached at {}", places.join(", "))
}

/// What to type into a browser: here, and on another machine.
fn page(address: SocketAddr, interfaces: &[Interface]) -> String {
    if !address.ip().is_unspecified() {
        return format!("http://{address}/");
    }
    let local = format!("http://localhost:{}/", address.port());
    let elsewhere = places(address, interfaces)
        .filter(|(place, _)| !place.ip().is_loopback())
        .map(|(place, _)| format!("http://{place}/"));
    let all: Vec<String> = std::iter::once(local).chain(elsewhere).collect();
    all.join(", ")
}

/// The addresses that a wildcard address stands for, each with the interface that has it.
fn places(
    address: SocketAddr,
    interfaces: &[Interface],
) -> impl Iterator<Item = (SocketAddr, &str)> {
    interfaces
        .iter()
        .map(|interface| (interface.ip(), &*interface.name))
        .filter(move |(ip, _)| ip.is_ipv4() == address.is_ipv4() && !is_scoped(*ip))
        .map(move |(ip, name)| (SocketAddr::new(ip, address.port()), name))
}

/// Link-local IPv6: of no use without its interface, which most programs cannot be told.
const fn is_scoped(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => false,
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn who(access: &Access, listed: usize) -> String {
    let sources: Vec<String> = access
        .allow
        .iter()
        .map(|allow| match allow {
            Allow::Private => "private addresses".to_owned(),
            Allow::Any => "ANY address".to_owned(),
            Allow::Subnet(subnet) => format!("{}/{}", subnet.network, subnet.prefix),
        })
        .collect();
    let sources = if sources.is_empty() {
        "nobody".to_owned()
    } else {
        sources.join(", ")
    };
    match access.clients {
        Clients::Any => format!("{sources} ([access] allow)"),
        Clients::Listed => format!(
            "the {listed} clients that the file lists, from {sources} ([access] clients, allow)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_who_is_served() {
        let mut access = Access::default();
        assert_eq!(who(&access, 0), "private addresses ([access] allow)");
        access.clients = Clients::Listed;
        assert!(who(&access, 3).starts_with("the 3 clients that the file lists, from private"));
    }

    #[test]
    fn only_a_wildcard_address_is_explained() {
        assert_eq!(reach("127.0.0.1:1".parse().unwrap(), &[]), "");
        assert!(reach("0.0.0.0:1".parse().unwrap(), &[]).contains("no interface"));
    }

    #[test]
    fn it_says_what_to_type_into_a_browser() {
        let page = |address: &str| page(address.parse().unwrap(), &[]);
        assert_eq!(page("127.0.0.1:8901"), "http://127.0.0.1:8901/");
        assert_eq!(page("[::1]:8901"), "http://[::1]:8901/");
        assert_eq!(page("0.0.0.0:8900"), "http://localhost:8900/");
    }
}
