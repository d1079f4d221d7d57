//! Tests of the network texts inside a show file.

use super::*;

#[test]
fn one_source_is_equal_however_it_is_written() {
    let one = source("10.0.1.20").unwrap();
    for text in [
        "10.0.1.20/32",
        "::ffff:10.0.1.20",
        "::ffff:10.0.1.20/128",
        "::ffff:a00:114",
    ] {
        assert_eq!(source(text), Ok(one), "{text}");
    }
    assert_eq!(source("[::ffff:10.0.1.20]:9000"), source("10.0.1.20:9000"));
    assert_eq!(source("::ffff:10.0.0.0/104"), source("10.0.0.0/8"));
    assert_eq!(source("0.0.0.0/0"), source("::ffff:0:0/96"));
    assert_ne!(source("0.0.0.0/0"), source("::/0"));
}

#[test]
fn what_is_no_source_says_what_to_write() {
    for (text, cure) in [
        (
            "10.0.1.77/24",
            "the network is \"10.0.1.0/24\", this one device is \"10.0.1.77\"",
        ),
        (
            "fd00::1/64",
            "the network is \"fd00::/64\", this one device is \"fd00::1\"",
        ),
        (
            "10.0.1.0/33",
            "after the / stands a number from 0 to 32: \"10.0.1.0/24\"",
        ),
        (
            "10.0.1.0/+8",
            "after the / stands a number from 0 to 32: \"10.0.1.0/24\"",
        ),
        (
            "10.0.1.0/255.255.255.0",
            "the mask 255.255.255.0 is written \"/24\": \"10.0.1.0/24\"",
        ),
        ("10.0.1.*", "for the whole network write \"10.0.1.0/24\""),
        ("10.0.1.300", "each of the four numbers is at most 255"),
        ("10.0.1", "an IPv4 address has four numbers"),
        (
            "10.0.001.020",
            "write it without leading zeros: \"10.0.1.20\"",
        ),
        ("10.0.1.20:70000", "a port is at most 65535"),
        ("10.0.1.20:0", "for every port write \"10.0.1.20\""),
        (" 10.0.1.20", "take the spaces out of the quotes"),
        ("fe80::1%eth0", "leave out the % and what follows"),
        (
            "0.0.0.0",
            "for every device write \"0.0.0.0/0\", for this machine \"127.0.0.1\"",
        ),
        ("239.1.1.1", "write the IP of the device itself"),
    ] {
        assert_eq!(
            source(text).unwrap_err().cure.as_deref(),
            Some(cure),
            "{text}"
        );
    }
    let name = source("foh.local").unwrap_err().cure.unwrap();
    assert!(name.starts_with("names are not looked up; "), "{name}");
}

#[test]
fn a_subnet_contains_its_addresses_and_no_others() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    for (text, inside, outside) in [
        ("10.0.1.0/24", "10.0.1.255", "10.0.2.0"),
        ("0.0.0.0/0", "255.255.255.255", "::1"),
        ("128.0.0.0/1", "128.0.0.1", "127.255.255.255"),
        ("10.0.1.20/32", "::ffff:10.0.1.20", "10.0.1.21"),
        ("::/0", "fe80::1", "10.0.0.1"),
        ("fd00::/8", "fdff::1", "fe00::"),
        ("fd00::7/128", "fd00::7", "fd00::8"),
    ] {
        let subnet = subnet(text).unwrap();
        assert!(subnet.contains(ip(inside)), "{text} {inside}");
        assert!(!subnet.contains(ip(outside)), "{text} {outside}");
        assert_eq!(subnet.to_string(), text);
    }
}

#[test]
fn allow_takes_words_ips_and_subnets() {
    assert_eq!(allow("private"), Ok(Allow::Private));
    assert_eq!(allow("any"), Ok(Allow::Any));
    assert_eq!(allow("10.0.1.20"), allow("10.0.1.20/32"));
    assert_eq!(
        allow("privat").unwrap_err().cure.as_deref(),
        Some("did you mean \"private\"?")
    );
}

#[test]
fn listen_says_what_is_missing() {
    for (text, cure) in [
        ("0.0.0.0", "the port is missing: write \"0.0.0.0:8900\""),
        ("::", "the port is missing: write \"[::]:8900\""),
        (
            ":9000",
            "for every address of this machine write \"0.0.0.0:9000\"",
        ),
        (
            "9000",
            "for every address of this machine write \"0.0.0.0:9000\"",
        ),
        (
            "*:9000",
            "for every address of this machine write \"0.0.0.0:9000\"",
        ),
        (
            "localhost:9000",
            "for this machine alone write \"127.0.0.1:9000\"",
        ),
        ("0.0.0.0:90000", "a port is at most 65535"),
        ("[::ffff:10.0.0.1]:9000", "write \"10.0.0.1:9000\""),
        (
            "foh:port",
            "write it like \"0.0.0.0:8900\" or \"[::]:8900\"",
        ),
    ] {
        assert_eq!(
            listen(text).unwrap_err().cure.as_deref(),
            Some(cure),
            "{text}"
        );
    }
    assert_eq!(listen("127.0.0.1:0").map(|address| address.port()), Ok(0));
}
