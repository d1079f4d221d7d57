//! The network texts inside a show file as values: listen addresses, sources and subnets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::fault::quoted;
use super::nearest::nearest;
use super::show::{Allow, Origin, Source, Subnet};
use super::values::Trouble;

/// `listen`: an IP and a port.
pub(super) fn listen(text: &str) -> Result<SocketAddr, Trouble> {
    let Ok(address) = text.parse::<SocketAddr>() else {
        return Err(no_listen(text));
    };
    if let (IpAddr::V6(_), IpAddr::V4(folded)) = (address.ip(), address.ip().to_canonical()) {
        let message = format!("{} is an IPv4 address written as IPv6", quoted(text));
        return Err(Trouble::new(
            message,
            format!("write \"{folded}:{}\"", address.port()),
        ));
    }
    Ok(address)
}

fn no_listen(text: &str) -> Trouble {
    let message = format!("{} is not an IP:port to listen on", quoted(text));
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let cure = if let Ok(ip) = text.parse::<IpAddr>() {
        format!(
            "the port is missing: write \"{}\"",
            SocketAddr::new(ip, 8900)
        )
    } else if port.parse::<u32>().is_ok_and(|port| port > 65_535) {
        "a port is at most 65535".to_owned()
    } else if let Ok(port) = text.parse::<u16>() {
        format!("for every address of this machine write \"0.0.0.0:{port}\"")
    } else if let (Ok(port), "" | "*") = (port.parse::<u16>(), host) {
        format!("for every address of this machine write \"0.0.0.0:{port}\"")
    } else if let (Ok(port), "localhost") = (port.parse::<u16>(), host) {
        format!("for this machine alone write \"127.0.0.1:{port}\"")
    } else {
        "write it like \"0.0.0.0:8900\" or \"[::]:8900\"".to_owned()
    };
    Trouble::new(message, cure)
}

/// `http`: an IP and a port, or nowhere.
pub(super) fn http(text: &str) -> Result<Option<SocketAddr>, Trouble> {
    if text == "off" {
        return Ok(None);
    }
    let address = listen(text).map_err(|trouble| Trouble {
        cure: trouble.cure.map(|cure| format!("{cure}; or \"off\"")),
        ..trouble
    });
    address.map(Some)
}

/// `origins`: where a web page comes from, as browsers say it (RFC 6454, section 6.1).
pub(super) fn origin(text: &str) -> Result<Origin, Trouble> {
    if text == "any" {
        return Ok(Origin::Any);
    }
    let lower = text.to_ascii_lowercase();
    if lower == "null" {
        return Ok(Origin::One(lower));
    }
    let trouble = |cure: String| {
        let message = format!("{} is not the origin of a web page", quoted(text));
        Err(Trouble::new(message, cure))
    };
    let Some((scheme, rest)) = lower.split_once("://") else {
        let host = lower.trim_end_matches('/');
        return trouble(format!(
            "write \"http://{host}\" (as the browser's address line begins), \"null\" or \"any\""
        ));
    };
    let own_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return trouble("pages come by http:// or https://".to_owned()),
    };
    let host = rest.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '@', '*', '?', '#', ' ']) {
        let plain = host
            .split(['/', '@', '*', '?', '#', ' '])
            .find(|part| !part.is_empty());
        let plain = plain.unwrap_or("10.0.1.5");
        return trouble(format!(
            "write scheme, host and port alone, one host each: \"{scheme}://{plain}\""
        ));
    }
    let host = host.strip_suffix(own_port).unwrap_or(host);
    Ok(Origin::One(format!("{scheme}://{host}")))
}

/// `source`: an IP, IP:port or subnet. Equal ones are equal however they were written.
pub(super) fn source(text: &str) -> Result<Source, Trouble> {
    let source = if text.contains('/') {
        let subnet = subnet(text)?;
        if subnet.is_one_address() {
            Source::Ip(subnet.network)
        } else {
            Source::Subnet(subnet)
        }
    } else if let Ok(ip) = text.parse::<IpAddr>() {
        Source::Ip(ip.to_canonical())
    } else if let Ok(endpoint) = text.parse::<SocketAddr>() {
        if endpoint.port() == 0 {
            let message = format!("no packet comes from port 0 ({})", quoted(text));
            let cure = format!("for every port write \"{}\"", endpoint.ip());
            return Err(Trouble::new(message, cure));
        }
        Source::Endpoint(SocketAddr::new(
            endpoint.ip().to_canonical(),
            endpoint.port(),
        ))
    } else {
        let cure = ip_cure(
            text,
            "write an IP (\"10.0.1.20\"), IP:port (\"10.0.1.20:9000\") or subnet (\"10.0.1.0/24\")",
        );
        return Err(Trouble::new(
            format!("{} is not a source", quoted(text)),
            cure,
        ));
    };
    match source {
        Source::Endpoint(endpoint) => sender(text, endpoint.ip())?,
        Source::Ip(ip) => sender(text, ip)?,
        Source::Subnet(_) => (),
    }
    Ok(source)
}

/// Refuses what no datagram comes from.
fn sender(text: &str, ip: IpAddr) -> Result<(), Trouble> {
    if ip.is_unspecified() {
        let every = Subnet {
            network: ip,
            prefix: 0,
        };
        let cure = format!("for every device write \"{every}\", for this machine \"127.0.0.1\"");
        return Err(Trouble::new(
            format!("no packet comes from {}", quoted(text)),
            cure,
        ));
    }
    if ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) {
        let message = format!(
            "{} is a group of devices, no packet comes from it",
            quoted(text)
        );
        return Err(Trouble::new(message, "write the IP of the device itself"));
    }
    Ok(())
}

/// `allow`: `"private"`, `"any"`, an IP or a subnet.
pub(super) fn allow(text: &str) -> Result<Allow, Trouble> {
    let plain = text.to_lowercase();
    match text {
        "private" => Ok(Allow::Private),
        "any" => Ok(Allow::Any),
        _ if text.contains('/') => subnet(text).map(Allow::Subnet),
        _ => match text.parse::<IpAddr>() {
            Ok(ip) => Ok(Allow::Subnet(Subnet::of(ip))),
            Err(_) => {
                let cure = match nearest(&plain, ["private", "any"]) {
                    Some(word) => format!("did you mean \"{word}\"?"),
                    None => ip_cure(
                        text,
                        "write a subnet (\"10.0.1.0/24\"), \"private\" or \"any\"",
                    ),
                };
                Err(Trouble::new(
                    format!("{} is not a subnet", quoted(text)),
                    cure,
                ))
            }
        },
    }
}

/// A subnet in CIDR notation. One of IPv4-mapped IPv6 addresses becomes that of the IPv4 addresses.
pub(super) fn subnet(text: &str) -> Result<Subnet, Trouble> {
    let message = || format!("{} is not a subnet", quoted(text));
    let (ip, prefix) = text.split_once('/').unwrap_or((text, ""));
    let Ok(ip) = ip.parse::<IpAddr>() else {
        return Err(Trouble::new(
            message(),
            ip_cure(ip, "write it like \"10.0.1.0/24\""),
        ));
    };
    let bits: u8 = if ip.is_ipv4() { 32 } else { 128 };
    if let Ok(IpAddr::V4(mask)) = prefix.parse::<IpAddr>() {
        let ones = mask.to_bits().leading_ones();
        let cure = format!("the mask {mask} is written \"/{ones}\": \"{ip}/{ones}\"");
        return Err(Trouble::new(message(), cure));
    }
    let digits = !prefix.is_empty() && prefix.chars().all(|c| c.is_ascii_digit());
    let prefix = match prefix.parse::<u8>() {
        Ok(prefix) if digits && prefix <= bits => prefix,
        Ok(_) | Err(_) => {
            let cure = format!("after the / stands a number from 0 to {bits}: \"{ip}/24\"");
            return Err(Trouble::new(message(), cure));
        }
    };
    let network = masked(ip, prefix);
    if network != ip {
        let message = format!("{} is a device in a network, not a network", quoted(text));
        let cure = format!("the network is \"{network}/{prefix}\", this one device is \"{ip}\"");
        return Err(Trouble::new(message, cure));
    }
    match network.to_canonical() {
        IpAddr::V4(folded) if prefix > 32 => {
            // 96 leading bits say that an IPv6 address is a mapped IPv4 address.
            Ok(Subnet {
                network: folded.into(),
                prefix: prefix - 96,
            })
        }
        IpAddr::V4(_) | IpAddr::V6(_) => Ok(Subnet { network, prefix }),
    }
}

/// `ip` with only its first `prefix` bits.
fn masked(ip: IpAddr, prefix: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(ip.to_bits() & mask).into()
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(ip.to_bits() & mask).into()
        }
    }
}

/// What is wrong with something that should be an IP, else `otherwise`.
fn ip_cure(text: &str, otherwise: &str) -> String {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, format!(":{port}")),
        None => (text, String::new()),
    };
    let parts: Vec<&str> = host.split('.').collect();
    let numbers: Vec<u32> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let numeric = numbers.len() == parts.len();
    if text != text.trim() {
        return "take the spaces out of the quotes".to_owned();
    }
    if text.contains('%') {
        return "leave out the % and what follows".to_owned();
    }
    if !port.is_empty() && port[1..].parse::<u32>().is_ok_and(|port| port > 65_535) {
        return "a port is at most 65535".to_owned();
    }
    if parts.len() == 4 && numbers.len() == 3 && matches!(parts[3], "*" | "x" | "X") {
        return format!(
            "for the whole network write \"{}.0/24\"",
            parts[..3].join(".")
        );
    }
    if parts.len() == 4 && numeric && numbers.iter().any(|number| *number > 255) {
        return "each of the four numbers is at most 255".to_owned();
    }
    if parts.len() == 4
        && numeric
        && parts
            .iter()
            .any(|part| part.len() > 1 && part.starts_with('0'))
    {
        let plain: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        return format!(
            "write it without leading zeros: \"{}{port}\"",
            plain.join(".")
        );
    }
    if numeric && parts.len() > 1 && parts.len() != 4 {
        return "an IPv4 address has four numbers".to_owned();
    }
    if host.contains(|c: char| c.is_alphabetic()) && !text.contains("::") {
        return format!("names are not looked up; {otherwise}");
    }
    otherwise.to_owned()
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
