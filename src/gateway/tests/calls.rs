//! Calls: done once, answered always.

use super::*;
use crate::limits::DATAGRAM_BYTES_MAX;

#[test]
fn a_call_is_done_once_and_answered_each_time() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/ping");
    assert_eq!(
        bench.send(1, "/oscgate/call 1 /f 0.5"),
        ["1 /oscgate/reply 1 OK 1h"]
    );
    bench.send(1, "/f 0.6");
    assert_eq!(
        bench.send(1, "/oscgate/call 1 /f 0.5"),
        ["1 /oscgate/reply 1 OK 1h"]
    );
    assert_eq!(bench.send(1, "/oscgate/get /f"), ["1 /f 0.6"]);
}

#[test]
fn answers_say_what_was_done() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/ping");
    let mut n = 0;
    let mut call = |bench: &mut Bench, what: &str| {
        n += 1;
        let heard = bench.send(1, &format!("/oscgate/call {n} {what}"));
        let reply = heard
            .into_iter()
            .find(|line| line.contains("reply"))
            .unwrap();
        reply.splitn(4, ' ').nth(3).unwrap().to_owned()
    };
    assert_eq!(call(&mut bench, "/oscgate/set /f 0.5"), "OK 1h");
    assert_eq!(call(&mut bench, "/oscgate/lock /f"), "OK 30000 1h");
    assert_eq!(call(&mut bench, "/oscgate/lock /f 0.6"), "OK 30000 2h");
    assert_eq!(call(&mut bench, "/oscgate/get /f"), "OK 0.6");
    assert_eq!(
        call(&mut bench, "/oscgate/meta /f"),
        "OK /f T 127.0.0.1:1 30000 2h 127.0.0.1:1 0.6"
    );
    assert_eq!(call(&mut bench, "/oscgate/unlock /f 0.7"), "OK 3h");
    assert_eq!(call(&mut bench, "/oscgate/unlock /f"), "OK 3h");
    assert_eq!(
        call(&mut bench, "/oscgate/get /g"),
        "NOT_FOUND no such address or no value yet"
    );
    assert_eq!(call(&mut bench, "/f* 0.1"), "OK 1");
    assert!(call(&mut bench, "/h* 0.1").starts_with("NOT_FOUND"));
    assert_eq!(call(&mut bench, "/go"), "OK 0h");
    assert_eq!(call(&mut bench, "/oscgate/ping"), "OK");
    assert_eq!(call(&mut bench, "/oscgate/hello me"), "OK");
    assert!(call(&mut bench, "/oscgate/call 1 /f 1").starts_with("BAD_ARGUMENTS"));
    assert!(call(&mut bench, "/oscgate/nonsense").starts_with("UNKNOWN_REQUEST"));
    bench.send(2, "/oscgate/lock /f");
    assert_eq!(call(&mut bench, "/f 0.1"), "LOCK_HELD 127.0.0.1:2 30000");
    assert_eq!(call(&mut bench, "/oscgate/bye"), "OK");
}

#[test]
fn a_refused_caller_has_its_reply_and_no_denial() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    bench.send(2, "/oscgate/ping");
    assert_eq!(
        bench.send(2, "/oscgate/call 1 /f 0.1"),
        ["2 /oscgate/reply 1 LOCK_HELD 127.0.0.1:1 30000"]
    );
    bench.send(2, "/oscgate/subscribe /f /oscgate/status/denied");
    bench.ms(1_000);
    let heard = bench.send(2, "/oscgate/call 2 /f 0.1");
    assert!(heard.contains(&"2 /f 0.5".to_owned()));
    assert!(
        heard
            .iter()
            .any(|line| line.starts_with("2 /oscgate/status/denied"))
    );
}

#[test]
fn a_caller_is_echoed_only_where_it_follows() {
    let mut bench = Bench::new();
    bench.send(2, "/oscgate/subscribe /f");
    bench.send(1, "/oscgate/ping");
    assert_eq!(
        bench.send(1, "/oscgate/call 1 /f 0.5"),
        ["2 /f 0.5", "1 /oscgate/reply 1 OK 1h"]
    );
    bench.send(1, "/oscgate/subscribe /f");
    assert!(
        bench
            .send(1, "/oscgate/call 2 /f 0.6")
            .contains(&"1 /f 0.6".to_owned())
    );
}

#[test]
fn an_overtaken_call_is_stale() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/ping");
    bench.send(1, "/oscgate/call 2 /f 0.5");
    assert!(bench.send(1, "/oscgate/call 1 /f 0.1")[0].contains("reply 1 STALE"));
    assert_eq!(
        bench.send(1, "/oscgate/call 0 /g 0.1"),
        ["1 /oscgate/reply 0 OK 1h"]
    );
    assert_eq!(bench.send(1, "/oscgate/get /f"), ["1 /f 0.5"]);
}

#[test]
fn numbers_of_users_are_their_own() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/hello web");
    assert_eq!(
        bench.send(1, "/oscgate/as ann /oscgate/call 1 /oscgate/lock /f 0.5")[1..],
        ["1 /oscgate/reply 1 OK 30000 1h"]
    );
    assert_eq!(
        bench.send(1, "/oscgate/as bob /oscgate/call 1 /f 0.1"),
        ["1 /oscgate/reply 1 LOCK_HELD web/ann 30000"]
    );
    assert_eq!(bench.send(1, "/oscgate/as ann /f 0.6"), ["1 /f 0.6"]);
}

#[test]
fn a_stale_call_is_remembered_as_such() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/ping");
    bench.send(1, "/oscgate/call 2 /f 0.5");
    bench.send(1, "/oscgate/call 1 /f 0.1");
    assert!(bench.send(1, "/oscgate/call 1 /oscgate/ping")[0].contains("reply 1 STALE"));
}

#[test]
fn each_call_has_one_reply_also_where_it_says_bye() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/call 79 /oscgate/ping");
    let replies = bench.send(1, "/oscgate/call 14 /oscgate/bye");
    assert!(
        replies.len() == 1 && replies[0].contains("reply 14 STALE"),
        "{replies:?}"
    );
    for user in [
        "/oscgate/as kim /oscgate/call 1",
        "/oscgate/call 80 /oscgate/as kim",
    ] {
        for what in ["bye", "hello x"] {
            let replies = bench.send(1, &format!("{user} /oscgate/{what}"));
            assert!(
                replies.len() == 1 && replies[0].contains("BAD_ARGUMENTS"),
                "{user} {what}: {replies:?}"
            );
        }
    }
}

#[test]
fn whatever_writes_locks_or_unlocks_is_overtaken_and_overtakes() {
    let mut number = 1_000;
    let kinds = [
        "/f 1",
        "/oscgate/set /f 1",
        "/oscgate/set_if /f 0h 1",
        "/oscgate/lock /f",
        "/oscgate/unlock /f",
        "/oscgate/take /f",
        "/oscgate/as kim /f 1",
        "/oscgate/as kim /oscgate/lock /f",
    ];
    for later in kinds {
        for late in kinds {
            let mut bench = Bench::new();
            bench.send(1, "/oscgate/ping");
            number += 10;
            let done = bench.send(1, &format!("/oscgate/call {number} {later}"));
            assert!(done.iter().any(|line| line.contains(" OK ")), "{done:?}");
            let stale = bench.send(1, &format!("/oscgate/call {} {late}", number - 1));
            assert!(
                stale[0].contains("STALE"),
                "{later}, then {late}: {stale:?}"
            );
            let other = late.replace("/f", "/g");
            let done = bench.send(1, &format!("/oscgate/call {} {other}", number - 2));
            assert!(
                done.iter().any(|line| line.contains(" OK ")),
                "{other}: {done:?}"
            );
        }
    }
}

#[test]
fn what_only_reads_is_never_overtaken() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/ping");
    bench.send(1, "/oscgate/call 9 /f 0.5");
    for (number, what) in [(8, "get"), (7, "meta"), (6, "subscribe"), (5, "release")] {
        let done = bench.send(1, &format!("/oscgate/call {number} /oscgate/{what} /f"));
        assert!(done[0].contains(&format!("reply {number} OK")), "{done:?}");
    }
}

#[test]
fn an_answer_too_long_to_keep_is_read_again() {
    let mut bench = Bench::new();
    bench.send(1, &format!("/f {}", "x".repeat(2_000)));
    let first = bench.send(1, "/oscgate/call 1 /oscgate/get /f");
    assert!(
        first
            .last()
            .is_some_and(|reply| reply.contains(&"x".repeat(2_000)))
    );
    bench.send(1, "/f 1");
    assert_eq!(
        bench.send(1, "/oscgate/call 1 /oscgate/get /f"),
        ["1 /oscgate/reply 1 OK 1"]
    );
}

#[test]
fn what_was_refused_overtakes_nothing_not_even_what_has_no_address() {
    let mut bench = Bench::new();
    bench.send(2, "/oscgate/lock /f");
    bench.send(1, "/oscgate/call 70 /oscgate/lock /f");
    assert!(bench.send(1, "/oscgate/call 60 /oscgate/unlock \"\"")[0].contains("BAD_ADDRESS"));
}

#[test]
fn a_caller_that_renews_its_lock_has_its_reply_and_no_more() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f");
    assert_eq!(
        bench.send(1, "/oscgate/call 1 /oscgate/lock /f"),
        ["1 /oscgate/reply 1 OK 30000 0h"]
    );
}

#[test]
fn an_answer_that_just_fits_a_datagram_is_given_and_a_longer_one_is_not() {
    // Address, types, number and `OK` of the reply, and the end of the text.
    let room = DATAGRAM_BYTES_MAX - 32 - 1;
    let mut bench = Bench::new();
    let fits = "x".repeat(room);
    bench.send(1, &format!("/f {fits}"));
    let heard = bench.send(1, "/oscgate/call 1 /oscgate/get /f");
    assert_eq!(
        heard.last().unwrap(),
        &format!("1 /oscgate/reply 1 OK {fits}")
    );
    bench.send(1, &format!("/f {fits}x"));
    assert_eq!(
        bench.send(1, "/oscgate/call 2 /oscgate/get /f"),
        ["1 /oscgate/reply 2 LIMIT the answer does not fit a datagram"]
    );
}
