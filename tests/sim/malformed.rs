//! Requests that are wrong in every way that has a code of its own: good packets, bad questions.

use crate::requests::{Request, Speaker};
use crate::speech::Spoken;

const NOT_ADDRESSES: [&str; 9] = [
    "",
    "noslash",
    "/oscgate/status/locked",
    "/oscgate/x",
    "/oscgate",
    "/ctl/\u{1}",
    "/del/\u{7f}",
    "/mix/*/fader",
    "/a[",
];

const BAD_PATTERNS: [&str; 8] = [
    "/a[",
    "/a]",
    "{",
    "/a{b",
    "/[]",
    "/[z-a]",
    "relative",
    "/a{b,{c}}",
];

const BAD_NAMES: [&str; 8] = [
    "",
    "a/b",
    "10.0.0.11",
    "10.0.0.11:5001",
    "::1",
    "[fd00::31]:5000",
    "tab\there",
    "0123456789012345678901234567890123456789012345678901234567890123x",
];

/// Something that cannot be done as it is said.
pub(crate) fn draw(speaker: &mut Speaker<'_>) -> Spoken {
    match speaker.chance.below(6) {
        0 => about_addresses(speaker),
        1 => about_counts(speaker),
        2 => about_people(speaker),
        3 => about_patterns(speaker),
        4 => inside_each_other(speaker),
        _ => words(speaker),
    }
}

fn about_addresses(speaker: &mut Speaker<'_>) -> Spoken {
    let bad = speaker.chance.pick(&NOT_ADDRESSES);
    let word = speaker.chance.pick(&[
        "lock", "unlock", "take", "release", "set", "set_if", "get", "meta",
    ]);
    let spoken = Spoken::to(&format!("/oscgate/{word}")).text(bad);
    match speaker.chance.below(5) {
        0 => spoken.float(0.5),
        1 => spoken.long(0).float(0.5),
        2 => Spoken::to(bad).float(1.0),
        3 => Spoken::to(&format!("/long/{}", "b".repeat(250))).float(1.0),
        _ => spoken,
    }
}

fn about_counts(speaker: &mut Speaker<'_>) -> Spoken {
    let address = speaker.hot().address;
    let word = speaker.chance.pick(&[
        "lock",
        "unlock",
        "take",
        "release",
        "set",
        "set_if",
        "get",
        "meta",
        "subscribe",
        "unsubscribe",
        "sync",
        "hello",
        "as",
        "call",
    ]);
    let spoken = Spoken::to(&format!("/oscgate/{word}"));
    match speaker.chance.below(8) {
        0 => spoken,
        1 => spoken.untagged(),
        2 => spoken.int(7),
        3 => spoken.text(address).text(address).text("third"),
        4 => spoken.text(address).float(0.5).bare(b"T"),
        5 => spoken.symbol(address),
        6 => spoken.bytes(&[0xC0, 0x80]),
        _ => spoken.text(address).int(1),
    }
}

fn about_people(speaker: &mut Speaker<'_>) -> Spoken {
    let bad = speaker.chance.pick(&BAD_NAMES);
    let hello = Spoken::to("/oscgate/hello");
    match speaker.chance.below(7) {
        0 => hello.text(bad),
        1 => hello
            .text("zoe")
            .int(speaker.chance.pick(&[0, -1, 65_536, 8_900])),
        2 => hello.text("zoe").float(9_001.0),
        3 => hello.text("zoe").int(9_001).int(1),
        4 => {
            let inner = speaker.say(Request::Write);
            Spoken::to("/oscgate/as").text(bad).around(&inner)
        }
        5 => Spoken::to("/oscgate/as").text("kim"),
        _ => Spoken::to("/oscgate/as").int(1).text("/mix").float(0.5),
    }
}

fn about_patterns(speaker: &mut Speaker<'_>) -> Spoken {
    let bad = speaker.chance.pick(&BAD_PATTERNS);
    let word = speaker.chance.pick(&["subscribe", "unsubscribe", "sync"]);
    match speaker.chance.below(4) {
        0 => Spoken::to(bad).float(0.5),
        1 => Spoken::to("/oscgate/subscribe")
            .text("/mix/*/fader")
            .text(bad),
        2 => Spoken::to("/oscgate/subscribe").text("/mix").int(3),
        _ => Spoken::to(&format!("/oscgate/{word}")).text(bad),
    }
}

fn inside_each_other(speaker: &mut Speaker<'_>) -> Spoken {
    let number = i32::try_from(speaker.chance.between(1, 300)).expect("a small number");
    let inner = speaker.anything();
    let call = Spoken::to("/oscgate/call").int(number);
    let user = Spoken::to("/oscgate/as").text("kim");
    match speaker.chance.below(8) {
        0 => call.around(&Spoken::to("/oscgate/call").int(number + 1).around(&inner)),
        1 => user.around(&Spoken::to("/oscgate/as").text("lee").around(&inner)),
        2 => user.around(&Spoken::to("/oscgate/hello").text("kim")),
        3 => user.around(&Spoken::to("/oscgate/bye")),
        4 => Spoken::to("/oscgate/call").float(1.0).around(&inner),
        5 => call,
        6 => call.text("noslash").float(1.0),
        _ => call.around(&Spoken::to("/oscgate/atomic")),
    }
}

fn words(speaker: &mut Speaker<'_>) -> Spoken {
    let word = speaker.chance.pick(&[
        "/oscgate/frobnicate",
        "/oscgate",
        "/oscgate/",
        "/oscgate/lock/",
        "/oscgate/LOCK",
        "/oscgate/atomic",
        "/oscgate/pong",
        "/oscgate/reply",
        "/oscgate/synced",
        "/oscgate/status/denied",
        "/oscgate/status/anything",
        "/oscgate/sta*",
        "/oscgate/*",
    ]);
    let spoken = Spoken::to(word);
    match speaker.chance.below(3) {
        0 => spoken,
        1 => spoken.int(1),
        _ => spoken.text("/mix/1/fader"),
    }
}
