//! The shows that the machine is put through, as small as they can be: limits are soon met.

use std::sync::LazyLock;

use oscgate::config::{Show, load_show};

/// Who watches: every show follows everything to it.
const PROBE: &str = r#"
[[client]]
name = "probe"
source = "10.9.9.9:9"
follow = ["//*", "/oscgate/status/*"]
silence_timeout = "never"
idle_timeout = "never"
"#;

const TEXTS: [&str; 6] = [
    "",
    r#"
[limits]
clients = 4
addresses = 4
locks_per_client = 2
subscriptions_per_client = 2
[sessions]
unreachable = "ends"
[[client]]
name = "desk"
source = "192.168.0.9:7"
reply_port = 9100
priority = 3
follow = ["//*"]
sync = true
[[client]]
name = "net"
source = "10.0.1.0/24"
reply_port = 9000
follow = ["//*"]
time_tags = "schedule"
[[address]]
match = "/w/*"
lock = "write"
hold = "500ms"
rate = 20
[[address]]
match = "/n"
lock = "never"
"#,
    r#"
[access]
identity = "ip"
operators = "none"
[locks]
timeout = "2s"
reflection = "0ms"
[[client]]
name = "ip"
source = "10.0.0.1"
follow = ["/w/*"]
echo = "settled"
snap_back = false
operator = true
[[address]]
match = "/r"
lock = "required"
args = "f"
[[address]]
match = "/w/1"
lock = "write"
rate = 20
[[address]]
match = "/go"
event = true
[[address]]
match = "/c"
args = "f"
range = [0.0, 1.0]
"#,
    r#"
[gateway]
schedule_horizon = "2s"
[sessions]
silence_timeout = "2s"
idle_timeout = "5s"
unreachable = "ends"
[limits]
packets_per_second = 40
addresses_per_client = 2
[[client]]
name = "desk"
source = "192.168.0.9:7"
write = ["/a", "/w/*"]
status = false
echo = "changed"
[[client]]
name = "phone"
source = "10.0.0.1:2"
echo = "never"
priority = -1
time_tags = "schedule"
[[address]]
match = "/go"
event = "press"
[[address]]
match = "/ro"
access = "read-only"
[[address]]
match = "/c"
range = [-1, 1]
outside = "refuse"
lock_timeout = "300ms"
"#,
    r#"
[access]
clients = "listed"
allow = ["any"]
[[client]]
name = "x"
source = "10.0.0.1"
priority = 1
[[client]]
name = "one"
source = "127.0.0.1:1001"
priority = 2
follow = ["/{a,b}"]
sync = true
[[address]]
match = "/a"
lock = "write"
[[address]]
match = "/b"
lock = "never"
"#,
    r#"
[gateway]
time_tags = "schedule"
[access]
allow = ["any"]
[limits]
clients = 3
locks_per_client = 1
[[client]]
name = "desk"
source = "192.168.0.9"
reply_port = 9001
priority = 1
silence_timeout = "never"
idle_timeout = "1s"
"#,
];

/// How many there are.
pub(super) const COUNT: usize = TEXTS.len();

static SHOWS: LazyLock<Vec<Show>> = LazyLock::new(|| {
    let load = |text: &&str| load_show("show.toml", &format!("{text}{PROBE}"));
    let shows: Result<Vec<Show>, _> = TEXTS.iter().map(load).collect();
    shows.expect("the shows of this file are good")
});

/// One of them.
pub(super) fn show(number: usize) -> Show {
    SHOWS[number].clone()
}
