//! One number for all that went in and came out, the same on every machine.

use std::hash::Hasher;
use std::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher13;

/// A digest under way.
#[derive(Clone, Debug)]
pub(crate) struct Digest(SipHasher13);

impl Digest {
    pub(crate) fn new() -> Self {
        Self(SipHasher13::new_with_keys(0x6f73_6367, 0x6174_6500))
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.write(&number.to_le_bytes());
    }

    pub(crate) fn place(&mut self, place: SocketAddr) {
        match place.ip() {
            IpAddr::V4(ip) => self.0.write(&ip.octets()),
            IpAddr::V6(ip) => self.0.write(&ip.octets()),
        }
        self.0.write(&place.port().to_le_bytes());
    }

    /// Bytes and how many there are, so that two texts are not taken for one.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(u64::try_from(bytes.len()).expect("lengths fit"));
        self.0.write(bytes);
    }

    pub(crate) fn finish(&self) -> u64 {
        self.0.finish()
    }
}
