//! Every key of the show file in one table: the loader knows these, and `init` prints them.

use super::keys::TableName::{Access, Address, Client, Gateway, Limits, Listen, Locks, Sessions};
use super::keys::Written::{Default, Example, Later};
use super::keys::{Key, key};

/// All keys, in the order in which `init` prints them.
pub(super) const KEYS: &[Key] = &[
    key(
        Gateway,
        "name",
        Default(r#""oscgate""#),
        "The name that clients are shown.",
    ),
    key(
        Gateway,
        "listen",
        Default(r#"["0.0.0.0:8900", "[::]:8900"]"#),
        "Where OSC is received: IP:port, one or more. 0.0.0.0 is every IPv4 address of this\n\
         machine, [::] every IPv6 address; port 0 picks a free port.",
    ),
    key(
        Gateway,
        "http",
        Default(r#""0.0.0.0:8900""#),
        "Where browsers and WebSockets are served: IP:port, or \"off\".",
    ),
    key(
        Gateway,
        "time_tags",
        Default(r#""arrival""#),
        "\"arrival\": bundles act when they arrive, whatever their time tag says.\n\
         \"schedule\": they wait for their time tag; the clients' clocks must agree with this one's.",
    ),
    key(
        Gateway,
        "schedule_horizon",
        Default(r#""10s""#),
        "How far ahead a time tag may lie; a bundle for a later moment is refused.",
    ),
    key(Gateway, "state_file", Later, ""),
    key(
        Gateway,
        "watch",
        Default(r#""report""#),
        "What happens when this file is saved: \"report\" checks it and says what is wrong,\n\
         \"apply\" also puts it into force, \"off\" does nothing.",
    ),
    key(
        Access,
        "allow",
        Default(r#"["private"]"#),
        "The networks that are served: subnets like \"10.0.1.0/24\", \"private\" (this \
        machine and\n\
         the usual private networks), or \"any\".",
    ),
    key(
        Access,
        "clients",
        Default(r#""any""#),
        "\"any\" serves every device of those networks, \"listed\" only those with a \
        [[client]] below.",
    ),
    key(
        Access,
        "identity",
        Default(r#""endpoint""#),
        "Who an unlisted device is: \"endpoint\" makes a client of each IP and port, \
        \"ip\" one of each IP.",
    ),
    key(
        Access,
        "operators",
        Default(r#""loopback""#),
        "Who may release anybody's lock, beside the clients with operator = true: \"loopback\"\n\
         (programs on this machine) or \"none\".",
    ),
    key(
        Access,
        "origins",
        Default("[]"),
        "Web pages that may connect, beside those of this gateway and of the browser's own\n\
         machine: \"http://panel.example:3000\", \"null\" (a page opened as a file), or \"any\".",
    ),
    key(
        Locks,
        "timeout",
        Default(r#""30s""#),
        "A lock that is not renewed for this long ends by itself.",
    ),
    key(
        Locks,
        "denial_interval",
        Default(r#""100ms""#),
        "While a refused hand goes on moving, it is told again at most this often.",
    ),
    key(
        Locks,
        "settle",
        Default(r#""300ms""#),
        "How long a refused hand must be still before its fader is put right once more.",
    ),
    key(
        Locks,
        "reflection",
        Default(r#""250ms""#),
        "A value that comes back this soon from a device that was just sent it does not count as\n\
         a move. \"0ms\": every value counts.",
    ),
    key(
        Sessions,
        "silence_timeout",
        Default(r#""10s""#),
        "For a client that sends heartbeats: gone after this long without a packet, or \"never\".",
    ),
    key(
        Sessions,
        "idle_timeout",
        Default(r#""60s""#),
        "For every other client: the same.",
    ),
    key(
        Sessions,
        "unreachable",
        Default(r#""ignore""#),
        "When a client's machine answers that nothing listens on its port: \"ignore\", \
        or \"ends\".",
    ),
    key(Limits, "clients", Default("1_024"), "Clients at one time."),
    key(
        Limits,
        "addresses",
        Default("1_000_000"),
        "Addresses with a value or a lock.",
    ),
    key(
        Limits,
        "addresses_per_client",
        Default("20_000"),
        "Addresses that one unlisted client may create.",
    ),
    key(
        Limits,
        "packets_per_second",
        Default("20_000"),
        "Packets each second from one client.",
    ),
    key(
        Limits,
        "locks_per_client",
        Default("1_024"),
        "Locks that one client may hold.",
    ),
    key(
        Limits,
        "subscriptions_per_client",
        Default("256"),
        "Patterns that one client may follow.",
    ),
    key(Listen, "address", Later, ""),
    key(Listen, "mapping", Later, ""),
    key(Listen, "identity", Later, ""),
    key(
        Client,
        "name",
        Example(r#""monitor-desk""#),
        "What it is called in messages and logs. Must be given.",
    ),
    key(
        Client,
        "source",
        Example(r#""10.0.1.20""#),
        "Where it sends from: an IP, IP:port, or a subnet like \"10.0.1.0/24\" (then each IP is a\n\
         client of its own). Must be given.",
    ),
    key(
        Client,
        "reply_port",
        Example("9001"),
        "The port it listens on, if that is not the port it sends from.",
    ),
    key(
        Client,
        "mapping",
        Example(r#""x32""#),
        "How it talks: a mapping of `oscgate mappings`, or a file such as \"./desk.toml\".\n\
         Without this line it uses the gateway's own addresses.",
    ),
    key(
        Client,
        "root",
        Example(r#""/mon""#),
        "Put before every gateway address of its mapping: a second console beside the first.",
    ),
    key(Client, "mirror", Later, ""),
    key(Client, "connect", Later, ""),
    key(Client, "on_report", Later, ""),
    key(Client, "when_offline", Later, ""),
    key(
        Client,
        "priority",
        Example("0"),
        "It may take a lock from a client with a lower number.",
    ),
    key(
        Client,
        "operator",
        Example("false"),
        "true: it may release anybody's lock.",
    ),
    key(
        Client,
        "follow",
        Example(r#"["/mixer//*"]"#),
        "Patterns of the addresses it is sent without asking; \"//*\" is everything.",
    ),
    key(
        Client,
        "sync",
        Example("false"),
        "true: when it appears, it is sent all values of the addresses that it follows.",
    ),
    key(
        Client,
        "write",
        Example(r#"["/mixer//*"]"#),
        "Patterns of the addresses it may write and lock; without this line, all.",
    ),
    key(
        Client,
        "echo",
        Example(r#""always""#),
        "Its own accepted values are sent back to it: \"always\", \"changed\" (only \
        where the gateway\n\
         changed them), \"settled\" (the last one, when the hand is still) or \"never\".",
    ),
    key(
        Client,
        "snap_back",
        Example("true"),
        "false: a refused fader is not sent back to the true value.",
    ),
    key(
        Client,
        "status",
        Example("true"),
        "false: it is sent nothing under /oscgate/status. For devices that would stumble over it.",
    ),
    key(
        Client,
        "time_tags",
        Example(r#""arrival""#),
        "As in [gateway].",
    ),
    key(
        Client,
        "silence_timeout",
        Example(r#""10s""#),
        "As in [sessions], for this client.",
    ),
    key(
        Client,
        "idle_timeout",
        Example(r#""60s""#),
        "As in [sessions], for this client.",
    ),
    key(
        Address,
        "match",
        Example(r#""/mixer/fader/*""#),
        "The addresses, as an OSC pattern. Must be given.",
    ),
    key(
        Address,
        "args",
        Example(r#""f""#),
        "The type tags of its arguments, such as \"f\" or \"if\"; without this line, anything.",
    ),
    key(
        Address,
        "range",
        Example("[0.0, 1.0]"),
        "The least and the greatest number.",
    ),
    key(
        Address,
        "outside",
        Example(r#""clip""#),
        "A number outside the range: \"clip\" takes the nearest that is inside, \
        \"refuse\" refuses it.",
    ),
    key(
        Address,
        "lock",
        Example(r#""explicit""#),
        "\"explicit\": locked by asking. \"write\": whoever moves it has it until the \
        hand is still.\n\
         \"required\": nobody writes without a lock. \"never\": cannot be locked (meters).",
    ),
    key(
        Address,
        "lock_timeout",
        Example(r#""30s""#),
        "As timeout in [locks], for these addresses.",
    ),
    key(
        Address,
        "hold",
        Example(r#""1s""#),
        "For lock = \"write\": how long the hand must be still.",
    ),
    key(
        Address,
        "event",
        Example("false"),
        "true: passed on and never stored, like a GO button. \"press\": the same, but \
        only when the\n\
         button goes down.",
    ),
    key(
        Address,
        "access",
        Example(r#""read-write""#),
        "Or \"read-only\".",
    ),
    key(
        Address,
        "rate",
        Example("60"),
        "Updates each second to each follower, at most; the last value always arrives.",
    ),
    key(
        Address,
        "description",
        Example(r#""Channel fader""#),
        "For people.",
    ),
    key(Address, "unit", Example(r#""linear""#), "For people."),
];
