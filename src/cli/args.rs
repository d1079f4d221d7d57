//! The command line as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_STATUS: &str = "\
Exit status: 0 done or stopped as asked, 1 failed while running, 2 wrong arguments or files,
3 denied by the gateway, 4 no answer from it.";

const VALUES: &str = "\
Values are typed by their look: 0.5 float, 3 int (beyond 32 bits: int64), true, false, \"text\" or
text string, N nil, I infinitum, '[1 2]' array. Or by a tag: i:3 int, h:3 int64, f:3 float,
d:0.5 double, s:3 string, S:x symbol, b:0a0b blob, c:x character, r:ff000080 colour,
m:00904060 MIDI, t:1 time tag. What `get` prints can be typed back.";

/// An Open Sound Control gateway with locks: two hands never fight over one fader.
#[derive(Debug, Parser)]
#[command(
    name = "oscgate",
    version,
    about,
    after_help = EXIT_STATUS,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Arguments {
    /// How to reach the gateway; may also follow the subcommand.
    #[command(flatten)]
    pub reach: Reach,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway until Ctrl-C
    Run(RunArguments),
    /// Check files and report every fault
    Check(CheckArguments),
    /// Say what happens to a message, step by step, without a network
    Explain(ExplainArguments),
    /// List the mappings that are built in, or print one to edit
    Mappings(MappingsArguments),
    /// Print a show file with every key explained, to begin from
    #[command(after_help = "Example:\n  oscgate init > show.toml")]
    Init,
    /// Print the value of an address
    Get(GetArguments),
    /// Write an address (or every address that a pattern matches)
    Set(SetArguments),
    /// Lock an address, and hold the lock until Ctrl-C
    Lock(HoldArguments),
    /// Release one's own lock
    Unlock(UnlockArguments),
    /// Take a lock away from a holder of lower priority, and hold it until Ctrl-C
    Take(HoldArguments),
    /// Free an address, whoever holds its lock (operators)
    Release(ReleaseArguments),
    /// Print all about an address: value, revision, writer, lock
    Meta(MetaArguments),
    /// Print updates, locks and denials as they happen, until Ctrl-C
    Watch(WatchArguments),
    /// Measure how fast the gateway answers
    Ping(PingArguments),
}

/// How to reach a running gateway, and how to print its answers.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Talking to a running gateway")]
pub struct Reach {
    /// Where the gateway is; port 8900 if none is given [default: $OSCGATE, or 127.0.0.1:8900]
    #[arg(long, value_name = "HOST:PORT")]
    pub gateway: Option<String>,
    /// The name to appear under
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// How many seconds to try before giving up [default: 3]
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<f64>,
}

/// `oscgate run`.
#[derive(Args, Debug)]
#[command(after_help = "\
Standard output has one line for each bound socket and then `oscgate: ready`; everything else goes
to standard error. RUST_LOG chooses how much is said (error, warn, info, debug, trace).
Ctrl-C or SIGTERM stops, SIGHUP reads the file again: a good one replaces the show at once, a bad
one changes nothing.

Examples:
  oscgate run                          UDP 8900 and HTTP 8900, private networks served
  oscgate run show.toml
  oscgate run --listen 127.0.0.1:0 --http 127.0.0.1:0
                                       free ports, printed at the start")]
pub struct RunArguments {
    /// The show file; without it, the defaults (`oscgate init` prints them)
    pub file: Option<PathBuf>,
    /// A UDP address to listen on instead of the file's; may be repeated; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Vec<String>,
    /// Where browsers and WebSockets are served instead of where the file says, or `off`
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub http: Option<String>,
    /// How log lines are written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// How datagrams are moved; for tests and for kernels that misbehave
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Sockets::Batched, hide_short_help = true)]
    pub sockets: Sockets,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How datagrams are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sockets {
    /// Many with one system call, where the platform can.
    Batched,
    /// One by one.
    Portable,
}

/// `oscgate check`.
#[derive(Args, Debug)]
#[command(after_help = "\
Every fault is printed with its file, line and column, and the cure. Of each mapping it is said
how much is in it, and what cannot be meant.
Exit status: 0 no fault, 2 faults or unreadable files.

Example:
  oscgate check show.toml mappings/*.toml")]
pub struct CheckArguments {
    /// Show files and mapping files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `oscgate explain`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
With --from the message is one that the client sends, in its own dialect: the line of its mapping
that takes it, what is written, the rule of the address, the verdict if another client held the
lock, and what each follower is sent. With --to it is a value of the gateway on its way to the
client. Nothing is sent anywhere.

{VALUES}

Examples:
  oscgate explain show.toml --from foh-console /ch/01/mix/fader 0.75
  oscgate explain show.toml --to tablet-a /mixer/fader/1 0.75"))]
#[command(group(clap::ArgGroup::new("way").required(true)))]
pub struct ExplainArguments {
    /// The show file
    pub show: PathBuf,
    /// The client that sends the message
    #[arg(long, value_name = "CLIENT", group = "way")]
    pub from: Option<String>,
    /// The client that is told the value
    #[arg(long, value_name = "CLIENT", group = "way")]
    pub to: Option<String>,
    /// The address
    pub address: String,
    /// The values
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    pub values: Vec<String>,
}

/// `oscgate mappings`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  oscgate mappings
  oscgate mappings show x32 > mappings/x32.toml     to change it: the file beside the show wins")]
pub struct MappingsArguments {
    /// What to do with them.
    #[command(subcommand)]
    pub command: Option<MappingsCommand>,
}

/// The subcommands of `oscgate mappings`.
#[derive(Debug, Subcommand)]
pub enum MappingsCommand {
    /// Print one
    Show {
        /// Its name
        name: String,
    },
}

/// `oscgate get`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  oscgate get /mixer/fader/1
  oscgate get /mixer/fader/1 --gateway 10.0.0.5 --json")]
pub struct GetArguments {
    /// The address
    pub address: String,
    /// How to reach the gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// `oscgate set`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
{VALUES}
Without values the message is an event, as a GO button sends it: passed on, never stored.
A lock is taken by `oscgate lock ADDRESS VALUE…`, which holds it.

Examples:
  oscgate set /mixer/fader/1 0.5
  oscgate set /mixer/pan/1 -0.5
  oscgate set '/mixer/mute/*' 1
  oscgate set /cue/name '\"3\"'"))]
pub struct SetArguments {
    /// The address or pattern
    pub address: String,
    /// The values
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    pub values: Vec<String>,
    /// Write only if the address still has this revision (0: no value yet; see `oscgate meta`)
    #[arg(long, value_name = "REVISION")]
    pub if_revision: Option<i64>,
    /// How to reach the gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// `oscgate lock` and `oscgate take`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
The lock is renewed until Ctrl-C, which releases it. When it is lost (taken, forced free, run out)
the command says so and ends with status 3.
With --once the command ends at once and leaves the lock behind: it runs out by itself, at the
latest when the gateway no longer hears from this client (60 s, if not configured otherwise).
With values, locking and writing are one step: both or neither.

{VALUES}

Examples:
  oscgate lock /mixer/fader/1
  oscgate lock /mixer/fader/1 0.5 --name monitor-desk
  oscgate lock /mixer/fader/1 --once"))]
pub struct HoldArguments {
    /// The address
    pub address: String,
    /// Values to write in the same step
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    pub values: Vec<String>,
    /// Do not hold: lock, and end
    #[arg(long)]
    pub once: bool,
    /// How to reach the gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// `oscgate unlock`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Only the holder can unlock. Each command is a client of its own unless the show file names this
machine as a [[client]]; to free what another holds see `oscgate release`.
With values, writing and unlocking are one step: both or neither.

{VALUES}

Example:
  oscgate unlock /mixer/fader/1"))]
pub struct UnlockArguments {
    /// The address
    pub address: String,
    /// Values to write in the same step
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    pub values: Vec<String>,
    /// How to reach the gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// `oscgate release`.
#[derive(Args, Debug)]
#[command(after_help = "\
Operators are the clients that the show file names so and, by default, programs on the gateway's
own machine. The gateway logs who released what, and why.

Example:
  oscgate release /mixer/fader/1 --reason 'tablet is out of battery'")]
pub struct ReleaseArguments {
    /// The address
    pub address: String,
    /// Why, for the log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// How to reach the gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// `oscgate meta`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  oscgate meta /mixer/fader/1")]
pub struct MetaArguments {
    /// The address
    pub address: String,
    /// How to reach the gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// `oscgate watch`.
#[derive(Args, Debug)]
#[command(after_help = "\
Patterns are OSC's: * ? [a-z] {a,b} within one level, // for any number of levels. Quote them.
The gateway does not send the writer with an update; it is asked for it, and where updates come
too fast to ask, the line has none.

Examples:
  oscgate watch '/mixer/fader/*'
  oscgate watch '//*' --sync --json
  oscgate watch '/oscgate/status/*'    who comes and goes")]
pub struct WatchArguments {
    /// The patterns
    #[arg(required = true, value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// Print the present values first
    #[arg(long)]
    pub sync: bool,
    /// Print no lines about locks and denials
    #[arg(long)]
    pub values_only: bool,
    /// How to reach the gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// `oscgate ping`.
#[derive(Args, Debug)]
#[command(after_help = "\
Lost answers are counted, not asked for again. Exit status 4 if none came.

Example:
  oscgate ping --count 100 --interval 0.01")]
pub struct PingArguments {
    /// How many times
    #[arg(long, short, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub count: u32,
    /// Seconds between two
    #[arg(long, short, value_name = "SECONDS", default_value_t = 1.0)]
    pub interval: f64,
    /// How to reach the gateway.
    #[command(flatten)]
    pub reach: Reach,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn clap_finds_no_fault_in_the_definitions() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn negative_numbers_are_values_and_flags_may_follow_them() {
        let typed = ["oscgate", "set", "/a", "-0.5", "-3", "1e3", "--json"];
        let Command::Set(set) = Arguments::try_parse_from(typed).unwrap().command else {
            panic!("a set");
        };
        assert_eq!(set.values, ["-0.5", "-3", "1e3"]);
        assert!(set.reach.json);
    }
}
