//! The links of this machine: which of its addresses can be reached.

use std::net::IpAddr;

/// The addresses of this machine's links that are up; `None` where they cannot be read.
#[must_use]
pub fn links_up() -> Option<Vec<IpAddr>> {
    let interfaces = if_addrs::get_if_addrs().ok()?;
    let up = interfaces.iter().filter(|interface| interface.is_oper_up());
    Some(up.map(if_addrs::Interface::ip).collect())
}

/// Whether the link of a local address is up, as far as can be known.
#[must_use]
pub fn link_is_up(local: IpAddr) -> bool {
    local.is_loopback() || links_up().is_none_or(|up| up.contains(&local))
}
