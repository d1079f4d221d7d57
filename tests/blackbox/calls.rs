//! Calls: requests that survive a lost datagram.

use crate::console::{args, long, text};
use crate::program::Program;

#[test]
fn the_same_number_twice_is_done_once_and_answered_twice() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    ben.follow("/f");
    let first = anna.call_as(1, "/f", args![0.5]);
    assert_eq!(first, ("OK".to_owned(), args![1_i64].to_vec()));
    ben.expect_exactly("/f", args![0.5]);
    ben.write("/f", args![0.9]);
    // A lost reply: the number comes again. It is no write any more.
    assert_eq!(anna.call_as(1, "/f", args![0.5]), first);
    let meta = anna.meta("/f");
    assert_eq!(
        (meta.revision, meta.values.as_slice()),
        (2, args![0.9].as_slice())
    );
    ben.expect_nothing();
    anna.expect_nothing();
}

#[test]
fn a_call_is_answered_with_what_was_done() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    let (code, rest) = anna.call("/oscgate/lock", args!["/f", 0.5]);
    assert_eq!(
        (code.as_str(), rest.as_slice()),
        ("OK", args![30_000, 1_i64].as_slice())
    );
    let (code, rest) = ben.call("/f", args![0.9]);
    assert_eq!((code.as_str(), text(&rest[0])), ("LOCK_HELD", anna.name()));
    let (code, rest) = ben.call("/oscgate/unlock", args!["/f", 0.9]);
    assert_eq!((code.as_str(), text(&rest[0])), ("LOCK_HELD", anna.name()));
    let (code, rest) = ben.call("/oscgate/get", args!["/f"]);
    assert_eq!(
        (code.as_str(), rest.as_slice()),
        ("OK", args![0.5].as_slice())
    );
    assert_eq!(ben.call("/oscgate/get", args!["/g"]).0, "NOT_FOUND");
    assert_eq!(
        ben.call("/oscgate/call", args![9, "/f", 0.5]).0,
        "BAD_ARGUMENTS"
    );
    assert_eq!(ben.call("/oscgate/fade", args![]).0, "UNKNOWN_REQUEST");
    assert_eq!(
        ben.call("/oscgate/set_if", args!["/f", 0_i64, 0.9]).0,
        "LOCK_HELD"
    );
    assert_eq!(
        anna.call("/oscgate/set_if", args!["/f", 0_i64, 0.9]).0,
        "CONFLICT"
    );
    let (code, rest) = anna.call("/oscgate/unlock", args!["/f", 0.6]);
    assert_eq!((code.as_str(), long(&rest[0])), ("OK", 2));
    let (code, rest) = anna.call("/*", args![0.7]);
    assert_eq!(
        (code.as_str(), rest.as_slice()),
        ("OK", args![1].as_slice())
    );
    // Who is refused by a reply is sent no denial beside it.
    ben.expect_nothing();
}

#[test]
fn a_number_that_was_overtaken_writes_nothing() {
    let gate = Program::start();
    let mut anna = gate.console();
    assert_eq!(anna.call_as(10, "/f", args![0.5]).0, "OK");
    assert_eq!(anna.call_as(9, "/f", args![0.4]).0, "STALE");
    assert_eq!(anna.call_as(8, "/g", args![0.4]).0, "OK");
    assert_eq!(anna.call_as(100, "/h", args![0.4]).0, "OK");
    assert_eq!(anna.call_as(20, "/i", args![0.4]).0, "STALE");
    assert_eq!(anna.meta("/f").values, args![0.5]);
}

#[test]
fn numbers_of_users_are_their_own() {
    let gate = Program::start();
    let mut surface = gate.console();
    assert_eq!(surface.call_as(5, "/f", args![0.5]).0, "OK");
    surface.send("/oscgate/as", args!["anna", "/oscgate/call", 5, "/f", 0.6]);
    surface.expect_exactly("/oscgate/reply", args![5, "OK", 2_i64]);
}
