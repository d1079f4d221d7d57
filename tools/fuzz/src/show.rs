//! x

/// x
pub fn run(_input: &[u8]) {}
