//! The command line as meant: texts checked, defaults filled in, contradictions refused.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::args::{
    Arguments, Command, ExplainArguments, HoldArguments, LogFormat, MappingsCommand, Reach,
    RunArguments, SetArguments, Sockets, WatchArguments,
};
use super::file::Overrides;
use super::value::{ValueError, parse_values};
use crate::client::{Target, TargetError};
use crate::limits::NAME_CHARS_MAX;
use crate::osc::{Argument, Pattern, PatternError, check_address};

/// How long a tool tries to reach the gateway.
const PATIENCE: Duration = Duration::from_secs(3);

/// The longest wait that can be asked for: a day.
const SECONDS_MAX: f64 = 86_400.0;

/// What the program is asked to do.
#[derive(Debug)]
pub enum Task {
    /// Run the gateway.
    Run(RunSettings),
    /// Check files.
    Check(Vec<PathBuf>),
    /// Say what happens to a message.
    Explain(Explanation),
    /// List the mappings that are built in, or print the one of this name.
    Mappings(Option<String>),
    /// Print the commented show file.
    Init,
    /// Ask a running gateway.
    Ask(Link, Request),
}

/// How the gateway is to be run.
#[derive(Debug)]
pub struct RunSettings {
    /// The show file; `None`: the defaults.
    pub file: Option<PathBuf>,
    /// What holds instead of what the file says.
    pub overrides: Overrides,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// How datagrams are moved.
    pub sockets: Sockets,
}

/// How to reach a gateway and to print its answers.
#[derive(Debug)]
pub struct Link {
    /// Where it is.
    pub target: Target,
    /// The name to appear under.
    pub name: Option<String>,
    /// How long to try.
    pub patience: Duration,
    /// How to print.
    pub form: Form,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What a gateway is asked.
#[derive(Debug)]
pub enum Request {
    /// The value of an address.
    Get(String),
    /// To write.
    Set(Write),
    /// A lock.
    Hold(Hold),
    /// To release one's lock, and write before, where there are values.
    Unlock(String, Vec<Argument>),
    /// To free an address; with the reason.
    Release(String, Option<String>),
    /// All about an address.
    Meta(String),
    /// Updates.
    Watch(Watch),
    /// Signs of life.
    Ping {
        /// How many.
        count: u32,
        /// The time between two.
        interval: Duration,
    },
}

/// A message that is to be explained.
#[derive(Debug)]
pub struct Explanation {
    /// The show file.
    pub show: PathBuf,
    /// Which way it goes.
    pub way: Way,
    /// Its address.
    pub address: String,
    /// Its values.
    pub values: Vec<Argument>,
}

/// Which way a message goes.
#[derive(Debug)]
pub enum Way {
    /// From this client to the gateway.
    From(String),
    /// From the gateway to this client.
    To(String),
}

/// A write.
#[derive(Debug)]
pub struct Write {
    /// Where.
    pub address: String,
    /// What.
    pub values: Vec<Argument>,
    /// The revision that the address must still have.
    pub if_revision: Option<i64>,
}

/// A lock that is asked for.
#[derive(Debug)]
pub struct Hold {
    /// The request that asks for it.
    pub request: &'static str,
    /// Where.
    pub address: String,
    /// What to write in the same step.
    pub values: Vec<Argument>,
    /// How long to hold it.
    pub until: Until,
}

/// How long a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// As long as the command runs.
    Stopped,
    /// It is left behind.
    RunOut,
}

/// What is watched.
#[derive(Debug)]
pub struct Watch {
    /// The addresses, one of which must match.
    pub patterns: Vec<Pattern>,
    /// What to print at the start.
    pub first: First,
    /// Which lines to print.
    pub lines: Lines,
}

/// What a watch prints at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// Nothing.
    Nothing,
    /// The present values.
    PresentValues,
}

/// Which lines a watch prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// Updates, and what happens to the locks of the addresses.
    All,
    /// Updates alone.
    Values,
}

/// Why the arguments make no sense.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `--listen` names no address.
    #[error("--listen \"{text}\" is no address; write IP:PORT, as 0.0.0.0:8900 or [::]:8900")]
    Listen {
        /// What was typed.
        text: String,
    },
    /// The same address twice.
    #[error("--listen {address} is given twice")]
    ListenTwice {
        /// The address.
        address: SocketAddr,
    },
    /// `--http` names no address.
    #[error("--http \"{text}\" is no address; write IP:PORT, as 0.0.0.0:8900, or off")]
    Http {
        /// What was typed.
        text: String,
    },
    /// Not an address.
    #[error(
        "\"{text}\" is not an OSC address; one begins with `/` and has at most 255 bytes, as \
         /mixer/fader/1"
    )]
    Address {
        /// What was typed.
        text: String,
    },
    /// Not a pattern.
    #[error("\"{text}\" is not an OSC address pattern: {source}")]
    Pattern {
        /// What was typed.
        text: String,
        /// Why.
        source: PatternError,
    },
    /// A value that is none.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// `set --if-revision` without values.
    #[error("--if-revision needs a value: an event has no revision")]
    NoValue,
    /// The gateway's place.
    #[error("{origin}: {source}")]
    Gateway {
        /// Where it was written.
        origin: &'static str,
        /// What is wrong with it.
        source: TargetError,
    },
    /// The name.
    #[error("--name \"{text}\" cannot be a name: 1 to {NAME_CHARS_MAX} printable characters, no /")]
    Name {
        /// What was typed.
        text: String,
    },
    /// A number of seconds.
    #[error("{flag} {seconds}: not a number of seconds from 0 to {SECONDS_MAX}")]
    Seconds {
        /// Whose.
        flag: &'static str,
        /// What was typed.
        seconds: f64,
    },
    /// A flag of the tools before `run`, `check` or `init`.
    #[error("--gateway, --name, --json and --timeout are for the commands that talk to a gateway")]
    NothingToReach,
}

impl Task {
    /// What the arguments mean; `environment` is the value of `OSCGATE`, if it is set.
    ///
    /// # Errors
    ///
    /// The first argument that makes no sense.
    pub fn of_arguments(
        arguments: Arguments,
        environment: Option<&str>,
    ) -> Result<Self, SettingsError> {
        let before = arguments.reach;
        let (reach, request) = match arguments.command {
            Command::Run(run) => {
                before.must_be_empty()?;
                return Ok(Self::Run(run_settings(run)?));
            }
            Command::Check(check) => {
                before.must_be_empty()?;
                return Ok(Self::Check(check.files));
            }
            Command::Explain(explain) => {
                before.must_be_empty()?;
                return Ok(Self::Explain(explanation(explain)?));
            }
            Command::Mappings(mappings) => {
                before.must_be_empty()?;
                let name = mappings.command.map(|MappingsCommand::Show { name }| name);
                return Ok(Self::Mappings(name));
            }
            Command::Init => {
                before.must_be_empty()?;
                return Ok(Self::Init);
            }
            Command::Get(get) => (get.reach, Request::Get(address(get.address)?)),
            Command::Set(set) => (set.reach.clone(), Request::Set(write(set)?)),
            Command::Lock(lock) => (lock.reach.clone(), hold("/oscgate/lock", lock)?),
            Command::Take(take) => (take.reach.clone(), hold("/oscgate/take", take)?),
            Command::Unlock(unlock) => {
                let values = parse_values(&unlock.values)?;
                (
                    unlock.reach,
                    Request::Unlock(address(unlock.address)?, values),
                )
            }
            Command::Release(release) => {
                let request = Request::Release(address(release.address)?, release.reason);
                (release.reach, request)
            }
            Command::Meta(meta) => (meta.reach, Request::Meta(address(meta.address)?)),
            Command::Watch(watch) => (watch.reach.clone(), Request::Watch(what(watch)?)),
            Command::Ping(ping) => {
                let count = ping.count;
                let interval = seconds("--interval", ping.interval)?;
                (ping.reach, Request::Ping { count, interval })
            }
        };
        Ok(Self::Ask(link(reach.or(before), environment)?, request))
    }
}

impl Reach {
    /// These flags, and where they say nothing, those typed before the subcommand.
    fn or(self, before: Self) -> Self {
        Self {
            gateway: self.gateway.or(before.gateway),
            name: self.name.or(before.name),
            json: self.json || before.json,
            timeout: self.timeout.or(before.timeout),
        }
    }

    fn must_be_empty(&self) -> Result<(), SettingsError> {
        let Self {
            gateway,
            name,
            json,
            timeout,
        } = self;
        if gateway.is_some() || name.is_some() || *json || timeout.is_some() {
            return Err(SettingsError::NothingToReach);
        }
        Ok(())
    }
}

fn explanation(explain: ExplainArguments) -> Result<Explanation, SettingsError> {
    let way = match (explain.from, explain.to) {
        (Some(client), _) => Way::From(client),
        (None, to) => Way::To(to.unwrap_or_default()),
    };
    Ok(Explanation {
        show: explain.show,
        way,
        address: explain.address,
        values: parse_values(&explain.values)?,
    })
}

fn run_settings(run: RunArguments) -> Result<RunSettings, SettingsError> {
    let mut listen: Vec<SocketAddr> = Vec::new();
    for text in run.listen {
        let Ok(address) = text.parse() else {
            return Err(SettingsError::Listen { text });
        };
        // Port 0 is another port each time.
        if listen.contains(&address) && address.port() != 0 {
            return Err(SettingsError::ListenTwice { address });
        }
        listen.push(address);
    }
    let http = match run.http.as_deref().map(|text| (text, text.parse())) {
        None => None,
        Some(("off", _)) => Some(None),
        Some((_, Ok(address))) => Some(Some(address)),
        Some((text, Err(_))) => {
            let text = text.to_owned();
            return Err(SettingsError::Http { text });
        }
    };
    Ok(RunSettings {
        file: run.file,
        overrides: Overrides { listen, http },
        log_format: run.log_format,
        sockets: run.sockets,
    })
}

fn link(reach: Reach, environment: Option<&str>) -> Result<Link, SettingsError> {
    let gateway = |origin, text: &str| {
        let target = text.parse::<Target>();
        target.map_err(|source| SettingsError::Gateway { origin, source })
    };
    let target = match (reach.gateway, environment) {
        (Some(text), _) => gateway("--gateway", &text)?,
        (None, Some(text)) if !text.is_empty() => gateway("OSCGATE", text)?,
        (None, _) => Target::default(),
    };
    if let Some(text) = &reach.name {
        let fits = (1..=NAME_CHARS_MAX).contains(&text.chars().count());
        if !fits || text.contains(|char: char| char.is_control() || char == '/') {
            return Err(SettingsError::Name { text: text.clone() });
        }
    }
    let patience = match reach.timeout {
        Some(typed) => seconds("--timeout", typed)?,
        None => PATIENCE,
    };
    Ok(Link {
        target,
        name: reach.name,
        patience,
        form: if reach.json { Form::Json } else { Form::Text },
    })
}

fn write(set: SetArguments) -> Result<Write, SettingsError> {
    let values = parse_values(&set.values)?;
    if set.if_revision.is_some() && values.is_empty() {
        return Err(SettingsError::NoValue);
    }
    Ok(Write {
        address: address(set.address)?,
        values,
        if_revision: set.if_revision,
    })
}

fn hold(request: &'static str, hold: HoldArguments) -> Result<Request, SettingsError> {
    Ok(Request::Hold(Hold {
        request,
        values: parse_values(&hold.values)?,
        address: address(hold.address)?,
        until: if hold.once {
            Until::RunOut
        } else {
            Until::Stopped
        },
    }))
}

fn what(watch: WatchArguments) -> Result<Watch, SettingsError> {
    let compile = |text: String| {
        let pattern = Pattern::compile(&text);
        pattern.map_err(|source| SettingsError::Pattern { text, source })
    };
    Ok(Watch {
        patterns: watch
            .patterns
            .into_iter()
            .map(compile)
            .collect::<Result<_, _>>()?,
        first: if watch.sync {
            First::PresentValues
        } else {
            First::Nothing
        },
        lines: if watch.values_only {
            Lines::Values
        } else {
            Lines::All
        },
    })
}

fn address(text: String) -> Result<String, SettingsError> {
    if check_address(text.as_bytes()).is_some() {
        Ok(text)
    } else {
        Err(SettingsError::Address { text })
    }
}

fn seconds(flag: &'static str, seconds: f64) -> Result<Duration, SettingsError> {
    if (0.0..=SECONDS_MAX).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(SettingsError::Seconds { flag, seconds })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn the_gateway_is_taken_from_the_flag_then_the_environment_then_the_default() {
        let target = |words: &str, environment| {
            let Task::Ask(link, _) = meant(words, environment).unwrap() else {
                panic!("a question");
            };
            link.target.to_string()
        };
        let flag = "ping --gateway foh:1";
        assert_eq!(target(flag, Some("desk:2")), "foh:1");
        assert_eq!(target("--gateway foh:1 ping", Some("desk:2")), "foh:1");
        assert_eq!(target("ping", Some("desk:2")), "desk:2");
        assert_eq!(target("ping", Some("")), "127.0.0.1:8900");
        assert_eq!(target("ping", None), "127.0.0.1:8900");
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        for (words, said) in [
            ("run --http 8900", "is no address; write IP:PORT"),
            ("run --listen foo", "is no address"),
            ("run --listen 1.2.3.4:5 --listen 1.2.3.4:5", "given twice"),
            ("--json run", "are for the commands that talk"),
            ("get mixer", "begins with `/`"),
            ("set /a i:x", "is not a 32-bit integer"),
            ("set /a --if-revision 1", "needs a value"),
            ("watch /a[", "is not an OSC address pattern"),
            ("ping --gateway a:b", "--gateway: \"b\" is no port"),
            ("ping --name a/b", "cannot be a name"),
            ("ping --timeout=-1", "not a number of seconds"),
            ("ping --interval nan", "not a number of seconds"),
        ] {
            let error = meant(words, None).unwrap_err().to_string();
            assert!(error.contains(said), "{words}: {error}");
        }
    }

    #[test]
    fn a_port_of_zero_may_be_asked_for_twice() {
        let words = "run --http off --listen 127.0.0.1:0 --listen 127.0.0.1:0";
        let Task::Run(run) = meant(words, None).unwrap() else {
            panic!("a run");
        };
        assert_eq!(run.overrides.listen.len(), 2);
        assert_eq!(run.overrides.http, Some(None));
    }

    fn meant(words: &str, environment: Option<&str>) -> Result<Task, SettingsError> {
        let words = ["oscgate"].into_iter().chain(words.split(' '));
        Task::of_arguments(Arguments::try_parse_from(words).unwrap(), environment)
    }
}
