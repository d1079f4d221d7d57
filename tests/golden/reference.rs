//! The examples in the documentation of mapping files: each is read, and each of its arrows tried.
//!
//! A block of TOML is a mapping (without a head it is given one), or a show that names it. The lines
//! of the block of text below it are tried in their order: what was written is stored, and a bank
//! that was chosen stays chosen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use oscgate::config::{Fault, Files, load_mapping, load_show_bytes};
use oscgate::mapping::{
    Deed, Deeds, Mapping, Role, Service, Told, Unfit, What, When, World, answer,
};
use oscgate::osc::{Argument, Arguments, encode_message};

const PAGES: [&str; 2] = ["docs/mapping-files.md", "docs/map-your-device.md"];

#[test]
fn every_example_of_a_mapping_does_what_is_written_below_it() {
    let mut wrong = String::new();
    let mut tried = 0;
    for page in PAGES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = fs::read_to_string(path).expect("the page is part of the repository");
        let mut example = Example::default();
        for (language, line, block) in blocks(&text) {
            match language {
                "toml" => example.read(page, line, &block, &mut wrong),
                "text" => tried += example.try_all(page, line, &block, &mut wrong),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(tried > 100, "{tried} lines were tried");
}

/// The fenced blocks of a page: their language, the line after the fence, their lines.
fn blocks(text: &str) -> Vec<(&str, usize, Vec<&str>)> {
    let mut found = Vec::new();
    let mut open: Option<(&str, usize, Vec<&str>)> = None;
    for (at, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        open = match (open, fence) {
            (Some(block), Some(_)) => {
                found.push(block);
                None
            }
            (Some((language, from, mut lines)), None) => {
                lines.push(line);
                Some((language, from, lines))
            }
            (None, Some(language)) => Some((language.trim(), at + 2, Vec::new())),
            (None, None) => None,
        };
    }
    found
}

/// The mapping of the last block, and what has been said to it.
#[derive(Default)]
struct Example {
    mapping: Option<Mapping>,
    /// Its text, for a show that names it.
    whole: String,
    stored: BTreeMap<String, Vec<u8>>,
    banks: Vec<i32>,
}

impl Example {
    fn read(&mut self, page: &str, line: usize, block: &[&str], wrong: &mut String) {
        let text = block.join("\n");
        let read = |_: &str| Some(Ok(self.whole.clone().into_bytes()));
        let is_show = ["[gateway]", "[[client]]"];
        if block.iter().any(|line| is_show.contains(line)) {
            let files = Files::new(&read, "");
            let faults = load_show_bytes("show.toml", text.as_bytes(), &[], files).err();
            return note(page, line, faults, wrong);
        }
        let headed = text.contains("[mapping]");
        let head = if headed {
            ""
        } else {
            "[mapping]\nname = \"Example\"\n"
        };
        let whole = format!("{head}{text}\n");
        let mapping = load_mapping("example.toml", whole.as_bytes(), Files::NONE);
        *self = Self::default();
        match mapping {
            Ok(mapping) => {
                self.banks = mapping.banks().iter().map(|bank| bank.first).collect();
                (self.mapping, self.whole) = (Some(mapping), whole);
            }
            Err(faults) => note(page, line, Some(faults), wrong),
        }
    }

    fn try_all(&mut self, page: &str, line: usize, block: &[&str], wrong: &mut String) -> usize {
        let mut tried = 0;
        for (at, text) in block.iter().enumerate() {
            let Some((said, expected)) = text.split_once("->") else {
                continue;
            };
            tried += 1;
            let words = words(said);
            let [way, what, rest @ ..] = &words[..] else {
                let _ = writeln!(wrong, "{page}:{}: too short: {text}", line + at);
                continue;
            };
            let found = match way.as_str() {
                "in" => self.say(what, rest),
                "out" => self.hear(what, rest),
                "told" => self.lamps(what, rest),
                _ => format!("a line begins with in, out or told, not with {way}"),
            };
            if !is_same(&found, expected) {
                let _ = writeln!(
                    wrong,
                    "{page}:{}: {}\n  found {found}",
                    line + at,
                    text.trim()
                );
            }
        }
        tried
    }

    fn mapping(&self) -> &Mapping {
        self.mapping.as_ref().expect("a mapping stands above it")
    }

    /// What a message of the device means.
    fn say(&mut self, address: &str, words: &[String]) -> String {
        let bytes = message(address, words);
        let mut deeds = Deeds::default();
        let (stored, banks) = (self.stored.clone(), self.banks.clone());
        let value = |address: &str| stored.get(address).map(|bytes| arguments(bytes));
        let world = World {
            value: &value,
            banks: &banks,
        };
        let came = arguments(&bytes);
        self.mapping().read(address, came, &world, &mut deeds);
        let all: Vec<String> = (0..deeds.len())
            .map(|n| self.shown(&deeds.get(n).expect("it was counted"), came))
            .collect();
        for n in 0..deeds.len() {
            let deed = deeds.get(n).expect("it was counted");
            match deed.what {
                What::Write { event: false, .. } => {
                    self.stored
                        .insert(deed.address.to_owned(), deed.message.to_vec());
                }
                What::Bank { bank, number } => self.banks[bank] = number,
                What::Write { event: true, .. }
                | What::Query
                | What::Touch { .. }
                | What::Serve(_)
                | What::Unfit(_)
                | What::NoValue
                | What::Denied
                | What::TooMany
                | What::Nothing
                | What::Drop
                | What::Pass => {}
            }
        }
        all.join(" and ")
    }

    fn shown(&self, deed: &Deed<'_>, came: Arguments<'_>) -> String {
        let address = deed.address;
        let code = |code: &str| format!("{code} {address}").trim_end().to_owned();
        let text = match deed.what {
            What::Write { event, hold, .. } => {
                let event = if event { "event " } else { "" };
                let hold = hold.map_or(String::new(), |hold| format!(" held {hold:?}"));
                format!("{event}{}{hold}", printed(deed.message))
            }
            What::Query => format!("asks for {address}"),
            What::Touch { down: true } => format!("touches {address}"),
            What::Touch { down: false } => format!("lets go of {address}"),
            What::Bank { bank, number } => {
                format!("{} is {number}", self.mapping().banks()[bank].name)
            }
            What::Serve(line) => self.served(line, deed, came),
            What::Unfit(Unfit::Type) => code("BAD_ARGUMENTS"),
            What::Unfit(Unfit::Range) => code("OUT_OF_RANGE"),
            What::NoValue => code("NOT_FOUND"),
            What::Denied => code("NOT_ALLOWED"),
            What::TooMany => code("LIMIT"),
            What::Nothing => "nothing".to_owned(),
            What::Drop => "dropped".to_owned(),
            What::Pass => "passes".to_owned(),
        };
        match deed.user {
            Some(user) => format!("{text} by {user}"),
            None => text,
        }
    }

    fn served(&self, line: usize, deed: &Deed<'_>, came: Arguments<'_>) -> String {
        let Role::Service(service) = &self.mapping().lines()[line].role else {
            return "no service".to_owned();
        };
        match service {
            Service::Follow { lease, named } => {
                let what = if *named { deed.address } else { "all" };
                let lease = lease.map_or(String::new(), |lease| format!(" for {lease:?}"));
                format!("follows {what}{lease}")
            }
            Service::Unfollow => "follows no more".to_owned(),
            Service::Renew => "renews".to_owned(),
            Service::Heartbeat => "lives".to_owned(),
            Service::Sync => "wants all".to_owned(),
            Service::Register { port } => format!("is told at argument {}", port + 1),
            Service::Answer { send, args } => {
                let (mut scratch, mut out) = (Vec::new(), Vec::new());
                let gateway = ("foh", "10.0.0.2");
                answer(send, args.as_deref(), came, gateway, &mut scratch, &mut out);
                format!("is answered {}", printed(&out))
            }
        }
    }

    /// What the device is told of a value of the gateway.
    fn hear(&mut self, address: &str, words: &[String]) -> String {
        let bytes = message(address, words);
        self.stored.insert(address.to_owned(), bytes.clone());
        let value = |address: &str| self.stored.get(address).map(|bytes| arguments(bytes));
        let world = World {
            value: &value,
            banks: &self.banks,
        };
        let mut all = Vec::new();
        for route in self.mapping().routes(address) {
            let mut out = Vec::new();
            if route.write(arguments(&bytes), &world, &mut out) {
                all.push(printed(&out));
            }
        }
        // As the gateway does where it is told of such an address at all.
        if !self.mapping().covers(address) && self.mapping().passes(address) {
            all.push("passes".to_owned());
        }
        or_nothing(&all)
    }

    /// What the device is told of a lock or a session: `locked /a holder=foh`.
    fn lamps(&self, when: &str, words: &[String]) -> String {
        let (address, words) = match words {
            [address, rest @ ..] if address.starts_with('/') => (address.as_str(), rest),
            rest => ("", rest),
        };
        let of = |key: &str| {
            let mut pairs = words.iter().filter_map(|word| word.split_once('='));
            pairs
                .find(|(known, _)| *known == key)
                .map(|(_, value)| value)
        };
        let told = Told {
            when: match when {
                "denied" => When::Denied,
                "locked" => When::Locked,
                "unlocked" => When::Unlocked,
                "connected" => When::Connected,
                "disconnected" => When::Disconnected,
                other => return format!("nothing is called {other}"),
            },
            address,
            holder: of("holder").unwrap_or_default(),
            own: of("own") == Some("yes"),
            code: of("code").unwrap_or_default(),
            name: of("name").unwrap_or_default(),
            remaining: of("remaining").map_or(0, |text| text.parse().expect("a number")),
        };
        let mut all = Vec::new();
        for route in self.mapping().tellings(told) {
            let (mut scratch, mut out) = (Vec::new(), Vec::new());
            if route.tell(&told, &World::EMPTY, &mut scratch, &mut out) {
                all.push(printed(&out));
            }
        }
        or_nothing(&all)
    }
}

fn note(page: &str, line: usize, faults: Option<Vec<Fault>>, wrong: &mut String) {
    for fault in faults.unwrap_or_default() {
        let _ = writeln!(wrong, "{page}: the block at {line}:\n{fault}");
    }
}

fn or_nothing(all: &[String]) -> String {
    if all.is_empty() {
        return "nothing".to_owned();
    }
    all.join(" and ")
}

/// An OSC message; an address of a device may begin with no slash.
fn message(address: &str, words: &[String]) -> Vec<u8> {
    let values: Vec<Argument> = words.iter().map(|word| value(word)).collect();
    let address = if address.starts_with('/') {
        address
    } else {
        "/x"
    };
    encode_message(address, &values).expect("an example is short")
}

fn arguments(bytes: &[u8]) -> Arguments<'_> {
    let end = bytes.iter().position(|&byte| byte == 0);
    let end = end.expect("an address ends");
    Arguments::of_tail(&bytes[(end / 4 + 1) * 4..])
}

/// A line's words; what is in quotes is one.
fn words(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut quoted = false;
    for c in text.trim().chars() {
        quoted ^= c == '"';
        match found.last_mut() {
            Some(last) if quoted || !c.is_whitespace() => last.push(c),
            _ => found.push(String::new()),
        }
    }
    found.retain(|word| !word.is_empty());
    found
}

/// An argument by its look, as on the command line.
fn value(word: &str) -> Argument {
    let number = |text: &str| text.parse::<f32>().expect("a number");
    match word.split_once(':') {
        Some(("h", text)) => return Argument::Long(text.parse().expect("a number")),
        Some(("d", text)) => return Argument::Double(text.parse().expect("a number")),
        Some(("b", text)) => {
            let pairs = (0..text.len()).step_by(2);
            let bytes = pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"));
            return Argument::Blob(bytes.collect());
        }
        _ => {}
    }
    match word {
        "true" => Argument::True,
        "false" => Argument::False,
        _ if word.starts_with('"') => Argument::String(word.trim_matches('"').to_owned()),
        _ => match word.parse() {
            Ok(int) => Argument::Int(int),
            Err(_) => Argument::Float(number(word)),
        },
    }
}

/// A message as the page shows it.
fn printed(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(0);
    let mut text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    for argument in arguments(bytes) {
        use oscgate::osc::ArgumentView as View;
        let _ = match argument {
            View::Int(number) => write!(text, " {number}"),
            View::Float(number) => write!(text, " {number:?}"),
            View::Long(number) => write!(text, " h:{number}"),
            View::Double(number) => write!(text, " d:{number:?}"),
            View::True => write!(text, " true"),
            View::False => write!(text, " false"),
            View::String(said) => write!(text, " \"{}\"", String::from_utf8_lossy(said)),
            View::Blob(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                write!(text, " b:{hex}")
            }
            View::Time(_)
            | View::Symbol(_)
            | View::Char(_)
            | View::Color(_)
            | View::Midi(_)
            | View::Nil
            | View::Infinitum
            | View::ArrayBegin
            | View::ArrayEnd => write!(text, " {argument:?}"),
        };
    }
    text
}

/// Whether two lines say the same; floats are written with few digits.
fn is_same(found: &str, expected: &str) -> bool {
    let (found, expected) = (words(found), words(expected));
    let float = |word: &str| word.contains('.').then(|| word.parse::<f64>().ok())?;
    found.len() == expected.len()
        && found
            .iter()
            .zip(&expected)
            .all(|(a, b)| match (float(a), float(b)) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-4 * a.abs().max(1.0),
                _ => a == b,
            })
}
