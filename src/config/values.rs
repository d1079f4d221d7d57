//! The texts inside a show file as values: times, ports, sources, subnets, patterns, type tags.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::fault::quoted;
use super::show::{Allow, Source, Subnet, Timeout};
use crate::limits::{ADDRESS_BYTES_MAX, ARRAY_DEPTH_MAX, NAME_CHARS_MAX};

/// The longest time that can be written: a show runs for days, and what is left of a lock travels
/// as an int32 of milliseconds (24 days).
const TIME_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is wrong with a text, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) cure: Option<String>,
}

impl Trouble {
    pub(super) fn new(message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            cure: Some(cure.into()),
        }
    }
}

/// A time that must be longer than nothing, such as `"30s"`.
pub(super) fn time(text: &str) -> Result<Duration, Trouble> {
    if text == "never" {
        let message = "\"never\" is not possible here";
        return Err(Trouble::new(message, "write a time such as \"30s\""));
    }
    let time = time_or_zero(text)?;
    if time.is_zero() {
        let message = format!("{} is no time at all", quoted(text));
        return Err(Trouble::new(
            message,
            "write a time above zero such as \"30s\"",
        ));
    }
    Ok(time)
}

/// How long a lock lasts: as [`time`], with a word about `"never"`.
pub(super) fn lock_time(text: &str) -> Result<Duration, Trouble> {
    if text == "never" {
        let cure = "write how long it lasts without a renewal, such as \"30s\" or \"10m\"";
        return Err(Trouble::new("a lock always ends", cure));
    }
    time(text)
}

/// A time, or `"never"`.
pub(super) fn timeout(text: &str) -> Result<Timeout, Trouble> {
    if text == "never" {
        return Ok(None);
    }
    match time(text) {
        Ok(time) => Ok(Some(time)),
        Err(trouble)
            if text
                .trim_start_matches('0')
                .starts_with(|c: char| c.is_alphabetic()) =>
        {
            // A zero, or a word without a number: most likely "no limit" is meant.
            Err(Trouble::new(
                trouble.message,
                "write a time such as \"10s\", or \"never\"",
            ))
        }
        Err(trouble) => Err(trouble),
    }
}

/// A time such as `"250ms"`, `"10s"`, `"2m"` or `"1h"`; zero is one.
pub(super) fn time_or_zero(text: &str) -> Result<Duration, Trouble> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor: Option<u64> = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let (Some(factor), false) = (factor, number.is_empty()) else {
        return Err(no_time(text));
    };
    let millis = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    match millis.map(Duration::from_millis) {
        Some(time) if time <= TIME_MAX => Ok(time),
        Some(_) | None => {
            let message = format!("{} is too long", quoted(text));
            Err(Trouble::new(
                message,
                "at most a week can be written: \"168h\"",
            ))
        }
    }
}

fn no_time(text: &str) -> Trouble {
    let message = format!("{} is not a time", quoted(text));
    let plain = text.trim().to_lowercase().replace(',', ".");
    if plain.starts_with('-') {
        return Trouble::new(message, "a time is never below zero");
    }
    let split = plain
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(plain.len());
    let (number, unit) = plain.split_at(split);
    if number.is_empty() || number.parse::<f64>().is_err() {
        return Trouble::new(
            message,
            "write a number and a unit: \"250ms\", \"10s\", \"2m\" or \"1h\"",
        );
    }
    if unit.is_empty() {
        let cure =
            format!("a unit is missing: \"{number}s\" is seconds, \"{number}ms\" milliseconds");
        return Trouble::new(message, cure);
    }
    let known = match unit.trim() {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => Some(("ms", 1.0)),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(("s", 1_000.0)),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(("m", 60_000.0)),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(("h", 3_600_000.0)),
        "d" | "day" | "days" => Some(("d", 86_400_000.0)),
        _ => None,
    };
    match (known, number.parse::<u32>(), number.parse::<f64>()) {
        (Some(("d", _)), Ok(days), _) => Trouble::new(
            message,
            format!("days are written as hours: \"{}h\"", u64::from(days) * 24),
        ),
        (Some((unit, _)), Ok(number), _) => {
            Trouble::new(message, format!("write \"{number}{unit}\""))
        }
        (Some((_, factor)), Err(_), Ok(number)) if number * factor < 1e9 => {
            let cure = format!(
                "times are whole numbers: write \"{}ms\"",
                (number * factor).round()
            );
            Trouble::new(message, cure)
        }
        (Some(_) | None, _, _) => Trouble::new(
            message,
            "the unit is one of \"ms\", \"s\", \"m\" (minutes) and \"h\"",
        ),
    }
}

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
                let cure = match super::keys::nearest(&plain, ["private", "any"]) {
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

/// A client's name: what it may be, so that it is never taken for an address or a user.
pub(super) fn client_name(text: &str) -> Result<String, Trouble> {
    let is_address = text.parse::<IpAddr>().is_ok() || text.parse::<SocketAddr>().is_ok();
    if is_address {
        let message = format!("{} is an address, not a name", quoted(text));
        return Err(Trouble::new(
            message,
            "write a name such as \"foh-console\"",
        ));
    }
    if text.contains('/') {
        let message = format!("a name has no \"/\" in it ({})", quoted(text));
        return Err(Trouble::new(
            message,
            format!("write {}", quoted(&text.replace('/', "-"))),
        ));
    }
    plain_name(text)
}

/// A name that people are shown.
pub(super) fn plain_name(text: &str) -> Result<String, Trouble> {
    if text.trim().is_empty() {
        return Err(Trouble::new(
            "the name is empty",
            "write a name such as \"foh-console\"",
        ));
    }
    if text.chars().any(char::is_control) {
        let message = format!("the name {} has control characters in it", quoted(text));
        return Err(Trouble::new(message, "take them out"));
    }
    let length = text.chars().count();
    if length > NAME_CHARS_MAX {
        let message = format!("the name has {length} characters");
        return Err(Trouble::new(
            message,
            format!("at most {NAME_CHARS_MAX} are taken"),
        ));
    }
    Ok(text.to_owned())
}

/// An address pattern of `match`, `follow` or `write`.
pub(super) fn pattern(text: &str) -> Result<String, Trouble> {
    match check_pattern(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(reason) => {
            let message = format!("{} is not an address pattern", quoted(text));
            Err(Trouble::new(message, reason))
        }
    }
}

/// Whether `text` is an address pattern; `Err` says why not. The one place that asks.
fn check_pattern(text: &str) -> Result<(), String> {
    if !text.starts_with('/') {
        return Err(format!(
            "it begins with \"/\": {}",
            quoted(&format!("/{}", text.trim_start()))
        ));
    }
    if text.len() > ADDRESS_BYTES_MAX {
        return Err(format!(
            "it has {} bytes, at most {ADDRESS_BYTES_MAX} are taken",
            text.len()
        ));
    }
    if text.chars().any(char::is_control) {
        return Err("take the control characters out".to_owned());
    }
    let mut open = None;
    for c in text.chars() {
        open = match (open, c) {
            (None, '[' | '{') => Some(c),
            (None, ']') => return Err("a \"]\" has no \"[\" before it".to_owned()),
            (None, '}') => return Err("a \"}\" has no \"{\" before it".to_owned()),
            (Some('['), ']') | (Some('{'), '}') => None,
            (Some(bracket), '[' | '{' | '/') => {
                let close = if bracket == '[' { ']' } else { '}' };
                return Err(format!(
                    "a \"{bracket}\" is not closed by \"{close}\" before \"{c}\""
                ));
            }
            (open, _) => open,
        };
    }
    match open {
        Some('[') => Err("the \"[\" is never closed: add \"]\"".to_owned()),
        Some(_) => Err("the \"{\" is never closed: add \"}\"".to_owned()),
        None => Ok(()),
    }
}

/// `args`: type tags without the comma.
pub(super) fn type_tags(text: &str) -> Result<String, Trouble> {
    let message = || format!("{} are not type tags", quoted(text));
    if let Some(tags) = text.strip_prefix(',') {
        return Err(Trouble::new(
            message(),
            format!("leave the comma out: {}", quoted(tags)),
        ));
    }
    let word = match text.to_lowercase().as_str() {
        "float" | "float32" => Some("f"),
        "int" | "int32" | "integer" => Some("i"),
        "string" | "str" => Some("s"),
        "blob" => Some("b"),
        "double" | "float64" => Some("d"),
        "int64" | "long" => Some("h"),
        "bool" | "boolean" => Some("T"),
        _ => None,
    };
    if let Some(tag) = word {
        return Err(Trouble::new(message(), format!("it is written \"{tag}\"")));
    }
    let mut depth = 0_usize;
    for tag in text.chars() {
        match tag {
            '[' if depth == ARRAY_DEPTH_MAX => {
                return Err(Trouble::new(
                    message(),
                    format!("arrays nest at most {ARRAY_DEPTH_MAX} deep"),
                ));
            }
            '[' => depth += 1,
            ']' if depth == 0 => {
                return Err(Trouble::new(message(), "a \"]\" has no \"[\" before it"));
            }
            ']' => depth -= 1,
            'i' | 'f' | 's' | 'b' | 'h' | 't' | 'd' | 'S' | 'c' | 'r' | 'm' | 'T' | 'F' | 'N'
            | 'I' => (),
            _ => {
                let cure = format!(
                    "{} is none of them: i int, f float, s string, b blob, h int64, d double, T F I N, t S c r m, [ ]",
                    quoted(&tag.to_string())
                );
                return Err(Trouble::new(message(), cure));
            }
        }
    }
    if depth > 0 {
        return Err(Trouble::new(
            message(),
            "the \"[\" is never closed: add \"]\"",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
