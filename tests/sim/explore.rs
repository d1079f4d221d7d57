//! Plays a script to the machine and the model and prints what both say; for development only.
use std::time::Duration;
use oscgate::config::Show;
use oscgate::gateway::{Event, Flow, Gateway, Outputs, Via};
use oscgate::osc::{Argument as A, encode_message};
use oscgate::time::Instant;
use crate::model::{Happening, Model};
use crate::smoke::{sockets, text_of};

#[test]
fn explore() {
    let Ok(path) = std::env::var("SCRIPT") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let (toml, script) = text.split_once("----\n").unwrap_or(("", &text));
    let load = |toml: &str| oscgate::config::load_show("show.toml", toml).unwrap_or_else(|e| panic!("{e:?}"));
    let show: Show = load(toml);
    let mut gateway = Gateway::new(show.clone(), &sockets());
    let mut model = Model::new(&show, &sockets());
    let mut out = Outputs::new();
    for line in script.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.len() < 2 || words[0] == "#" { eprintln!("{line}"); continue; }
        let at = Instant::from_micros((words[0].parse::<f64>().unwrap() * 1000.0) as u64);
        let what = match words[1] {
            "timeout" => Happening::Timeout,
            "stop" => Happening::Stop,
            "show" => Happening::Show(Box::new(load(&std::fs::read_to_string(words[2]).unwrap()))),
            "gone" => Happening::Unreachable { to: words[2].parse().unwrap() },
            from => {
                let args: Vec<A> = words[3..].iter().map(|word| match word.split_once(':') {
                    Some(("i", v)) => A::Int(v.parse().unwrap()),
                    Some(("h", v)) => A::Long(v.parse().unwrap()),
                    Some(("f", v)) => A::Float(v.parse().unwrap()),
                    Some(("d", v)) => A::Double(v.parse().unwrap()),
                    Some(("s", v)) => A::String(v.to_owned()),
                    _ if *word == "T" => A::True,
                    _ if *word == "F" => A::False,
                    _ => A::String((*word).to_owned()),
                }).collect();
                let from = match from.parse() { Ok(from) => from, Err(_) => match from {
                    "A" => "10.0.0.5:5000", "B" => "10.0.0.6:5000", "C" => "10.0.0.7:5000", "A2" => "10.0.0.5:5001", "L" => "127.0.0.1:5000", _ => panic!("{from}"),
                }.parse().unwrap() };
                Happening::Datagram { from, via: Via { socket: 0, local: None }, bytes: encode_message(words[2], &args).unwrap() }
            }
        };
        eprintln!("{line}");
        let event = match &what {
            Happening::Datagram { from, via, bytes } => Event::Datagram { from: *from, via: *via, bytes },
            Happening::Unreachable { to } => Event::Unreachable { to: *to },
            Happening::Show(show) => Event::Show(show.clone()),
            Happening::Stop => Event::Stop,
            _ => Event::Timeout,
        };
        gateway.handle(at, event, &mut out);
        let expected = model.handle(at, &what);
        let mut got = Vec::new();
        out.take(|to, _, bytes| { got.push((to, bytes.to_vec())); Flow::Taken });
        for (to, bytes) in &got { eprintln!("        {to} {}", text_of(bytes)); }
        let mut a: Vec<_> = got.iter().map(|(to, b)| (*to, crate::model::for_machines(b))).collect();
        let mut b: Vec<_> = expected.iter().map(|one| (one.to, crate::model::for_machines(&one.bytes))).collect();
        a.sort_by_key(|one| one.0); b.sort_by_key(|one| one.0);
        if a != b { if b.is_empty() { eprintln!("   MODEL nothing"); }  for (to, bytes) in &b { eprintln!("   MODEL {to} {}", text_of(bytes)); } }
        let _ = Duration::ZERO;
    }
}
