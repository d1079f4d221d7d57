//! The calls that are measured, each behind a name of its own that a profiler finds.
//!
//! The name costs the handful of instructions of one more call. All begin with `measured_`, which
//! is what the program that counts instructions looks for.

use oscgate::gateway::{Event, Flow, Gateway, Outputs};
use oscgate::osc::{PacketView, Pattern};
use oscgate::time::Instant;

/// One event taken by the machine.
#[inline(never)]
pub(crate) fn measured_handle(
    gateway: &mut Gateway,
    now: Instant,
    event: Event<'_>,
    out: &mut Outputs,
) {
    gateway.handle(now, event, out);
}

/// What came of it handed over, to one who only looks at it. Says how many bytes that were.
#[inline(never)]
pub(crate) fn measured_take(out: &mut Outputs) -> usize {
    let mut bytes = 0;
    out.take(|_, _, datagram| {
        bytes += datagram.len();
        Flow::Taken
    });
    out.clear_changes();
    bytes
}

/// A packet checked whole, and its messages walked.
#[inline(never)]
pub(crate) fn measured_view(bytes: &[u8]) -> usize {
    let packet = PacketView::parse(bytes).expect("the packets of the cases are good");
    packet
        .messages()
        .map(|message| message.address().len())
        .sum()
}

/// A pattern compiled.
#[inline(never)]
pub(crate) fn measured_compile(pattern: &str) -> Pattern {
    Pattern::compile(pattern).expect("the patterns of the cases are good")
}

/// An address held against a pattern.
#[inline(never)]
pub(crate) fn measured_match(pattern: &Pattern, address: &str) -> bool {
    pattern.matches(address)
}
