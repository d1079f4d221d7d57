//! The ways a packet can come: several addresses of one host, IPv4 and IPv6.

use oscgate::osc::encode_message;

use crate::console::{Console, args};
use crate::program::{Program, SOON, portable};

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    // The portable loop cannot see which address of a wildcard socket was asked: there each address
    // has a socket of its own.
    let listen: &[&str] = if portable() {
        &["127.0.0.1:0", "127.0.0.2:0"]
    } else {
        &["0.0.0.0:0"]
    };
    let gate = Program::start_on(None, listen);
    let port = gate.address().port();
    let asked = ["127.0.0.1", "127.0.0.2"].map(|ip| {
        let own = gate
            .listening
            .iter()
            .find(|bound| bound.ip().to_string() == ip);
        own.copied()
            .unwrap_or_else(|| format!("{ip}:{port}").parse().expect("an address"))
    });
    let ping = encode_message("/oscgate/ping", args![1]).expect("it fits");
    for asked in [asked[0], asked[1], asked[0]] {
        // One that is bound to every address would hear an answer from any.
        let console = Console::open("0.0.0.0:0", asked);
        console.send_bytes(&ping);
        // The word that a session began, then the pong, each from where the question went.
        for _ in 0..2 {
            console.receive(SOON).expect("it is answered");
        }
    }
    // A follower hears from where it subscribed, whichever way the write came.
    let [mut anna, mut ben] = asked.map(|asked| Console::open("127.0.0.1:0", asked));
    anna.greet();
    ben.greet();
    ben.follow("/f");
    anna.write("/f", args![0.5]);
    ben.expect_exactly("/f", args![0.5]);
}

#[test]
fn everything_goes_over_ipv6_too() {
    let gate = Program::start_on(None, &["[::1]:0", "127.0.0.1:0"]);
    let (six, four) = (gate.listening[0], gate.listening[1]);
    assert!(six.is_ipv6() && four.is_ipv4());
    let mut anna = Console::open("[::1]:0", six);
    let mut ben = Console::open("127.0.0.1:0", four);
    anna.greet();
    ben.greet();
    assert!(anna.name().starts_with("[::1]:"));
    ben.follow("//*");
    anna.write("/f", args![0.5]);
    ben.expect_exactly("/f", args![0.5]);
    anna.lock("/f");
    ben.send("/f", args![0.9]);
    ben.expect_denied("/f", "LOCK_HELD", &anna.name());
    ben.expect_exactly("/f", args![0.5]);
    assert_eq!(ben.meta("/f").writer, anna.name());
}
