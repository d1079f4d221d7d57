//! A history as it was recorded: what happened when, whether or not anybody reacted to it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use oscgate::config::Show;
use oscgate::osc::{Argument, PacketView, decode_arguments};
use oscgate::time::Instant;

use crate::model::Happening;

/// How fast the destination that cannot keep up takes what is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// At once.
    Free,
    /// Not at all.
    Blocked,
    /// So many datagrams each time.
    Sips(u32),
}

/// What may be in a history.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Something happens to the gateway.
    Happens(Happening),
    /// The slow destination changes its pace.
    Pace(Pace),
}

/// One step of a history.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) at: Instant,
    pub(crate) what: What,
}

/// Everything that is needed to let it happen again.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) show: Show,
    pub(crate) sockets: Vec<SocketAddr>,
    /// What clients of any show in it may be sent thinned or as events.
    pub(crate) family: Vec<Show>,
    pub(crate) steps: Vec<Step>,
}

/// A moment for people.
pub(crate) fn moment(at: Instant) -> String {
    let micros = at.as_micros();
    format!("{:>4}.{:06} s", micros / 1_000_000, micros % 1_000_000)
}

impl Step {
    /// The step for people.
    pub(crate) fn describe(&self) -> String {
        let what = match &self.what {
            What::Pace(pace) => format!("the sluggard's pace: {pace:?}"),
            What::Happens(Happening::Datagram { from, via, bytes }) => {
                let local = via.local.map_or_else(String::new, |ip| format!(" to {ip}"));
                format!("{from}{local} → {}", packet(bytes))
            }
            What::Happens(Happening::Show(show)) => format!("new show:\n{}", show_text(show)),
            What::Happens(Happening::WallClock { tag }) => {
                format!("the wall clock says {}", tag_text(*tag))
            }
            What::Happens(Happening::Behind { since }) => {
                format!("behind since {}", moment(*since))
            }
            What::Happens(other) => format!("{other:?}"),
        };
        format!("{}  {what}", moment(self.at))
    }
}

/// A datagram for people.
pub(crate) fn packet(bytes: &[u8]) -> String {
    if PacketView::parse(bytes).is_err() {
        return format!(
            "no packet ({} bytes): {}",
            bytes.len(),
            bytes.escape_ascii()
        );
    }
    element(bytes)
}

fn element(bytes: &[u8]) -> String {
    let Some(rest) = bytes.strip_prefix(b"#bundle\0") else {
        return message(bytes);
    };
    let (tag, mut rest) = rest.split_at(8);
    let tag = u64::from_be_bytes(tag.try_into().expect("eight bytes"));
    let mut text = format!("#bundle {} [", tag_text(tag));
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).expect("it fits");
        let (inner, after) = after.split_at(length);
        let _ = write!(text, " {{ {} }}", element(inner));
        rest = after;
    }
    text + " ]"
}

fn tag_text(tag: u64) -> String {
    format!(
        "{}+{:.6}s",
        tag >> 32,
        (tag & 0xFFFF_FFFF) as f64 / 4_294_967_296.0
    )
}

fn message(bytes: &[u8]) -> String {
    let view = PacketView::parse(bytes).expect("a part of a good packet");
    let Some(message) = view.messages().next() else {
        return String::new();
    };
    let mut text = message.address().escape_ascii().to_string();
    if !message.has_tag_string() {
        return text + " (untagged)";
    }
    let _ = write!(text, " ,{}", message.tags().escape_ascii());
    match decode_arguments(&message) {
        Ok(arguments) => arguments.iter().for_each(|one| text += &argument(one)),
        Err(_) => text += &format!(" {}", message.data().escape_ascii()),
    }
    text
}

fn argument(argument: &Argument) -> String {
    match argument {
        Argument::Int(value) => format!(" {value}"),
        Argument::Long(value) => format!(" {value}"),
        Argument::Float(value) => format!(" {value:?}"),
        Argument::Double(value) => format!(" {value:?}"),
        Argument::String(text) => format!(" {text:?}"),
        Argument::True | Argument::False | Argument::Nil | Argument::Infinitum => String::new(),
        Argument::Blob(_)
        | Argument::Time(_)
        | Argument::Symbol(_)
        | Argument::Char(_)
        | Argument::Color(_)
        | Argument::Midi(_)
        | Argument::Array(_) => format!(" {argument:?}"),
    }
}

/// What a show says beyond the defaults.
pub(crate) fn show_text(show: &Show) -> String {
    let default = Show::default();
    let mut text = String::new();
    let mut part = |name: &str, differs: bool, said: String| {
        if differs {
            let _ = writeln!(text, "    {name} {said}");
        }
    };
    part(
        "gateway",
        show.gateway != default.gateway,
        format!("{:?}", show.gateway),
    );
    part(
        "access",
        show.access != default.access,
        format!("{:?}", show.access),
    );
    part(
        "locks",
        show.locks != default.locks,
        format!("{:?}", show.locks),
    );
    part(
        "sessions",
        show.sessions != default.sessions,
        format!("{:?}", show.sessions),
    );
    part(
        "limits",
        show.limits != default.limits,
        format!("{:?}", show.limits),
    );
    for client in &show.clients {
        part("client", true, format!("{client:?}"));
    }
    for rule in &show.addresses {
        part("address", true, format!("{rule:?}"));
    }
    text
}
