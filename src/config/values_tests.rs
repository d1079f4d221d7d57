//! Tests of the texts inside a show file.

use super::*;

#[test]
fn times_have_a_unit() {
    assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
    assert_eq!(time("10s"), Ok(Duration::from_secs(10)));
    assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
    assert_eq!(time("1h"), Ok(Duration::from_secs(3600)));
    assert_eq!(time_or_zero("0ms"), Ok(Duration::ZERO));
    assert_eq!(timeout("never"), Ok(None));
}

#[test]
fn what_is_no_time_says_what_to_write() {
    for (text, cure) in [
        (
            "10",
            "a unit is missing: \"10s\" is seconds, \"10ms\" milliseconds",
        ),
        ("10 s", "write \"10s\""),
        ("10sec", "write \"10s\""),
        ("30S", "write \"30s\""),
        ("2 minutes", "write \"2m\""),
        ("1.5s", "times are whole numbers: write \"1500ms\""),
        ("2d", "days are written as hours: \"48h\""),
        ("-5s", "a time is never below zero"),
        ("0s", "write a time above zero such as \"30s\""),
        (
            "99999999999999999999s",
            "at most a week can be written: \"168h\"",
        ),
        (
            "18446744073709551615h",
            "at most a week can be written: \"168h\"",
        ),
        (
            "",
            "write a number and a unit: \"250ms\", \"10s\", \"2m\" or \"1h\"",
        ),
        (
            "s",
            "write a number and a unit: \"250ms\", \"10s\", \"2m\" or \"1h\"",
        ),
        (
            "5 parsecs",
            "the unit is one of \"ms\", \"s\", \"m\" (minutes) and \"h\"",
        ),
    ] {
        assert_eq!(
            time(text).unwrap_err().cure.as_deref(),
            Some(cure),
            "{text}"
        );
    }
    let never = Some("write a time such as \"10s\", or \"never\"");
    assert_eq!(timeout("0s").unwrap_err().cure.as_deref(), never);
    assert_eq!(timeout("off").unwrap_err().cure.as_deref(), never);
}

#[test]
fn a_lock_always_ends() {
    assert_eq!(
        lock_time("never").unwrap_err().message,
        "a lock always ends"
    );
}

#[test]
fn a_name_is_never_taken_for_something_else() {
    for bad in [
        "",
        "  ",
        "a/b",
        "10.0.1.20",
        "10.0.1.20:9000",
        "::1",
        "[::1]:9",
        "a\u{7}b",
    ] {
        assert!(client_name(bad).is_err(), "{bad:?}");
    }
    assert!(client_name(&"é".repeat(64)).is_ok());
    assert!(client_name(&"é".repeat(65)).is_err());
    assert_eq!(
        client_name("Tablet Bühne links"),
        Ok("Tablet Bühne links".to_owned())
    );
}

#[test]
fn patterns_are_closed_and_begin_with_a_slash() {
    for good in ["/a", "//*", "/ch/[1-9]/{mix,pan}/*", "/a b"] {
        assert_eq!(pattern(good), Ok(good.to_owned()));
    }
    let long = format!("/{}", "a".repeat(255));
    for bad in [
        "", "a", "/[1-9", "/{a,b", "/a]", "/a}", "/[a/b]", "/{a{b}}", "/\u{1}", &long,
    ] {
        assert!(pattern(bad).is_err(), "{bad}");
    }
}

#[test]
fn args_are_type_tags() {
    for good in ["", "f", "ifsbhtdScrmTFNI", "i[ff[s]]"] {
        assert_eq!(type_tags(good), Ok(good.to_owned()));
    }
    for bad in [",f", "float", "x", "[", "]", "[[[[[[[[[i]]]]]]]]]"] {
        assert!(type_tags(bad).is_err(), "{bad}");
    }
}
