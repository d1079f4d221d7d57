//! Address rules: types, ranges, limits on addresses.

use super::*;

#[test]
fn numbers_become_the_type_of_the_rule_where_that_is_exact() {
    let typed = |address: &str, args: &str| AddressRule {
        args: Some(args.to_owned()),
        ..rule(address)
    };
    let rules = vec![
        typed("/f", "f"),
        typed("/i", "i"),
        typed("/h", "h"),
        typed("/t", "T"),
        typed("/fi", "fi"),
    ];
    let mut bench = Bench::with(show_of(vec![], rules));
    assert_eq!(bench.send(1, "/f 1"), ["1 /f 1.0"]);
    assert_eq!(bench.send(1, "/f 0.5d"), ["1 /f 0.5"]);
    assert_eq!(bench.send(1, "/i 3.0"), ["1 /i 3"]);
    assert_eq!(bench.send(1, "/h 3"), ["1 /h 3h"]);
    assert_eq!(bench.send(1, "/t F"), ["1 /t F"]);
    assert_eq!(bench.send(1, "/fi 1 2.0"), ["1 /fi 1.0 2"]);
    for bad in [
        "/f 0.1d",
        "/f 16777217",
        "/i 3.5",
        "/i x",
        "/t 1",
        "/fi 1",
        "/fi 1 2 3",
        "/f",
        "/i 3000000000h",
    ] {
        let heard = bench.send(1, bad);
        assert!(heard[0].contains("BAD_ARGUMENTS"), "{bad}: {heard:?}");
        bench.ms(1_000);
    }
}

#[test]
fn a_range_clips_and_nan_is_refused() {
    let ranged = AddressRule {
        range: Some((-1.5, 1.5)),
        ..rule("/f")
    };
    let mut bench = Bench::with(show_of(vec![], vec![ranged]));
    assert_eq!(bench.send(1, "/f 2.0"), ["1 /f 1.5"]);
    assert_eq!(bench.send(1, "/f -7"), ["1 /f -1"]);
    assert_eq!(bench.send(1, "/f inf"), ["1 /f 1.5"]);
    assert!(bench.send(1, "/f NaN")[0].contains("OUT_OF_RANGE"));
    assert_eq!(bench.send(1, "/f x"), ["1 /f x"]);
}

#[test]
fn what_has_no_rule_passes_byte_for_byte() {
    let mut bench = Bench::new();
    let from = local(1);
    let odd = b"/a b#,\0\0,[iT[N]]sb\0\0\0\0\0\x07\xff\xfe\0\0\0\0\0\x01\x05\0\0\0";
    let mut echo = Vec::new();
    bench.gateway.handle(
        bench.now,
        Event::Datagram {
            from,
            via: VIA,
            bytes: odd,
        },
        &mut bench.out,
    );
    bench.out.take(|_, _, bytes| {
        echo.extend_from_slice(bytes);
        Flow::Taken
    });
    assert_eq!(echo, odd);
}

#[test]
fn an_unlisted_client_may_create_so_many_addresses() {
    let mut show = Show::default();
    show.limits.addresses_per_client = 3;
    show.limits.addresses = 5;
    let mut bench = Bench::with(show);
    for n in 0..3 {
        assert_eq!(bench.send(1, &format!("/a/{n} 1")).len(), 1);
    }
    assert!(bench.send(1, "/a/3 1")[0].contains("LIMIT"));
    assert_eq!(bench.send(1, "/a/2 5"), ["1 /a/2 5"]);
    bench.send(2, "/b/1 1");
    bench.send(2, "/b/2 1");
    assert!(
        bench.send(2, "/b/3 1")[0].contains("LIMIT"),
        "the table is full"
    );
    assert!(bench.send(2, "/oscgate/lock /b/4")[0].contains("LIMIT"));
}

#[test]
fn a_pattern_of_too_many_addresses_is_refused_whole() {
    let mut bench = Bench::new();
    for n in 0..1_025 {
        bench.send(1, &format!("/a/{n:04} 1"));
    }
    let heard = bench.send(1, "/a/* 2");
    assert_eq!(heard, ["1 /oscgate/status/denied /a/* LIMIT \"\" 0"]);
    assert_eq!(bench.send(1, "/a/0* 2").len(), 1_000);
}

#[test]
fn wrong_arguments_are_named_before_what_they_say() {
    let picky = AddressRule {
        args: Some("if".to_owned()),
        range: Some((2.0, 2.0)),
        outside: Outside::Refuse,
        ..rule("/f")
    };
    let mut bench = Bench::with(show_of(vec![], vec![picky]));
    assert!(bench.send(1, "/f 1")[0].contains("BAD_ARGUMENTS"));
    assert!(bench.send(2, "/f 1 0.5")[0].contains("OUT_OF_RANGE"));
}

#[test]
fn a_press_is_whatever_is_not_0_or_false() {
    let press = AddressRule {
        event: EventRule::Press,
        ..rule("/go")
    };
    let mut bench = Bench::with(show_of(vec![], vec![press]));
    for edge in ["0", "F", "0.0", "0h"] {
        assert_eq!(bench.send(1, &format!("/go {edge}")), [""; 0], "{edge}");
    }
    let nil = encode_message("/go", &[Argument::Nil]).unwrap();
    assert_eq!(bench.bytes(local(1), &nil).len(), 1);
    assert_eq!(bench.send(1, "/go 1").len(), 1);
}
