//! Calls: done, answered from memory, refused.

use oscgate::osc::Encoder;

use super::*;

/// A caller that counts up, in a buffer that is used again.
#[derive(Default)]
struct Caller {
    number: i32,
    bytes: Vec<u8>,
}

impl Caller {
    /// The next call of a request about an address.
    fn next(&mut self, request: &[u8], address: &[u8]) -> &[u8] {
        self.begin(b"iss").string(request).string(address);
        &self.bytes
    }

    /// The next call of a plain write.
    fn next_write(&mut self, address: &[u8]) -> &[u8] {
        self.begin(b"isf").string(address).float(0.5);
        &self.bytes
    }

    fn begin(&mut self, tags: &[u8]) -> Encoder<'_> {
        self.number += 1;
        self.bytes.clear();
        Encoder::begin(&mut self.bytes, b"/oscgate/call", tags).int(self.number)
    }
}

#[test]
fn a_called_write_allocates_nothing() {
    let mut stage = Stage::new();
    let mut caller = Caller::default();
    stage.allocates_nothing(1, |stage| stage.send(HAND, caller.next_write(b"/fader")));
}

#[test]
fn a_called_lock_and_unlock_allocate_nothing() {
    let mut stage = Stage::new();
    stage.prepare(HAND, "/fader", &[Argument::Float(0.5)]);
    let mut caller = Caller::default();
    // Beside the replies the holder is told that its lock began and ended.
    stage.allocates_nothing(4, |stage| {
        stage.send(HAND, caller.next(b"/oscgate/lock", b"/fader"));
        stage.send(HAND, caller.next(b"/oscgate/unlock", b"/fader"));
    });
}

#[test]
fn a_called_get_and_meta_allocate_nothing() {
    let mut stage = Stage::new();
    stage.warm_up = WARM_UP_OF_SENT;
    stage.prepare(HAND, "/fader", &[Argument::Float(0.5)]);
    let mut caller = Caller::default();
    stage.allocates_nothing(2, |stage| {
        stage.send(HAND, caller.next(b"/oscgate/get", b"/fader"));
        stage.send(HAND, caller.next(b"/oscgate/meta", b"/fader"));
    });
}

#[test]
fn a_call_that_is_answered_from_memory_allocates_nothing() {
    let mut stage = Stage::new();
    let mut caller = Caller::default();
    let call = caller.next_write(b"/fader").to_vec();
    stage.send(HAND, &call);
    let writes = stage.gateway.stats().writes;
    stage.allocates_nothing(1, |stage| stage.send(HAND, &call));
    assert_eq!(stage.gateway.stats().writes, writes, "it was done once");
}

#[test]
fn a_refused_call_allocates_nothing() {
    let mut stage = Stage::new();
    stage.prepare(OTHER, "/oscgate/lock", &[text("/fader"), Argument::Int(1)]);
    let mut caller = Caller::default();
    stage.allocates_nothing(1, |stage| stage.send(HAND, caller.next_write(b"/fader")));
}

#[test]
fn a_call_that_comes_late_and_is_refused_as_overtaken_allocates_nothing() {
    let mut stage = Stage::new();
    let mut caller = Caller::default();
    stage.allocates_nothing(2, |stage| {
        caller.number += 1;
        stage.send(HAND, caller.next_write(b"/fader"));
        caller.number -= 2;
        stage.send(HAND, caller.next_write(b"/fader"));
        caller.number += 1;
    });
}

#[test]
fn calls_of_changing_answers_allocate_nothing() {
    let mut stage = Stage::new();
    stage.prepare(OTHER, "/oscgate/lock", &[text("/held"), Argument::Int(1)]);
    stage.prepare(HAND, "/a/rather/long/address", &[Argument::Float(0.5)]);
    let mut caller = Caller::default();
    stage.allocates_nothing(4, |stage| {
        stage.send(HAND, caller.next_write(b"/held"));
        stage.send(HAND, caller.next_write(b"/a/rather/long/address"));
        stage.send(HAND, caller.next(b"/oscgate/meta", b"/held"));
        stage.send(HAND, caller.next(b"/oscgate/get", b"/nothing"));
    });
}
