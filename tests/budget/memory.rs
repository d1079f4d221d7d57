//! What is kept: bytes for each address.

use super::*;

/// Addresses of a show: the parts of what grows in steps are small beside it.
const ADDRESSES: usize = 20_000;

#[test]
fn a_fader_that_was_written_is_kept_in_under_two_hundred_bytes() {
    let mut show = Show::default();
    show.limits.addresses_per_client = 1_000_000;
    let mut stage = Stage::of(show);
    let writes: Vec<_> = (0..ADDRESSES)
        .map(|n| {
            message(
                &format!("/console/ch/{n:06}/fader"),
                &[Argument::Float(0.5)],
            )
        })
        .collect();
    let counted = allocation_counter::measure(|| {
        for write in &writes {
            stage.send(HAND, write);
        }
    });
    let each = counted.bytes_current / i64::try_from(ADDRESSES).expect("it is few");
    assert!(each < 200, "{each} bytes");
    assert!(
        each > 40,
        "{each} bytes: less than an address takes was not measured"
    );
}
