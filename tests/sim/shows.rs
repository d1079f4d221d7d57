//! Shows drawn at random: every key that the machine serves, in mixtures nobody would write.

use std::net::SocketAddr;
use std::time::Duration;

use oscgate::config::{
    Access, Allow, ClientEntry, Clients, Echo, Identity, Limits, LockTimes, Operators, Sessions,
    Show, Source, Subnet, TimeTags, Timeout, Unreachable,
};

use crate::chance::Chance;
use crate::dialect;
use crate::rulebook;
use crate::stage::{HOSTS, SLUGGARD, Stage, WITNESS};

/// The shows of one history: the first is in force when it begins, any may be loaded later.
pub(crate) fn family(chance: &mut Chance, stage: &Stage) -> Vec<Show> {
    let first = draw(chance, stage);
    let mut shows = vec![first];
    for _ in 0..chance.below(4) {
        let next = match chance.below(4) {
            0 => draw(chance, stage),
            _ => altered(chance, stage, &shows[shows.len() - 1]),
        };
        shows.push(next);
    }
    shows
}

fn draw(chance: &mut Chance, stage: &Stage) -> Show {
    let mut show = Show {
        access: access(chance),
        locks: lock_times(chance),
        sessions: sessions(chance),
        limits: limits(chance),
        addresses: rulebook::draw(chance),
        ..Show::default()
    };
    show.gateway.listen.clone_from(&stage.sockets);
    show.gateway.listen_is_explicit = true;
    show.gateway.schedule_horizon = chance.pick(&[secs(1), secs(10), secs(10), secs(60)]);
    show.gateway.time_tags = time_tags(chance);
    for _ in 0..chance.below(6) {
        let entry = client(chance, &show);
        add(&mut show, entry);
    }
    fixed(&mut show, stage);
    show
}

/// The same show, edited as a technician would between two scenes.
fn altered(chance: &mut Chance, stage: &Stage, show: &Show) -> Show {
    let mut show = show.clone();
    for _ in 0..chance.between(1, 4) {
        match chance.below(9) {
            0 => show.addresses = rulebook::draw(chance),
            1 | 2 => rulebook::alter(chance, &mut show.addresses),
            3 => show.locks = lock_times(chance),
            4 => show.limits = limits(chance),
            5 => {
                show.sessions = sessions(chance);
                show.access = access(chance);
            }
            6 if !show.clients.is_empty() => {
                let gone = chance.index(show.clients.len());
                show.clients.remove(gone);
            }
            7 if !show.clients.is_empty() => {
                let n = chance.index(show.clients.len());
                let changed = client(chance, &show);
                let former = show.clients.remove(n);
                let (name, source) = match chance.below(3) {
                    0 => (former.name, changed.source),
                    1 => (changed.name, former.source),
                    _ => (former.name, former.source),
                };
                add(
                    &mut show,
                    ClientEntry {
                        name,
                        source,
                        ..changed
                    },
                );
            }
            _ => {
                let entry = client(chance, &show);
                add(&mut show, entry);
            }
        }
    }
    fixed(&mut show, stage);
    show
}

/// Adds an entry, unless its name or its source is there already: such a file is refused.
fn add(show: &mut Show, entry: ClientEntry) {
    let twice =
        (show.clients.iter()).any(|other| other.name == entry.name || other.source == entry.source);
    if !twice {
        show.clients.push(entry);
    }
}

/// The entries that a history relies on.
fn fixed(show: &mut Show, stage: &Stage) {
    let stays = [Source::Endpoint(WITNESS), Source::Endpoint(SLUGGARD)];
    show.clients
        .retain(|entry| !["witness", "sluggard"].contains(&entry.name.as_str()));
    show.clients.retain(|entry| !stays.contains(&entry.source));
    let everything = vec!["//*".to_owned(), "/oscgate/status/*".to_owned()];
    if stage.witness {
        show.clients.push(ClientEntry {
            follow: everything.clone(),
            ..plain("witness", Source::Endpoint(WITNESS))
        });
    }
    if stage.sluggard {
        show.clients.push(ClientEntry {
            follow: everything,
            ..plain("sluggard", Source::Endpoint(SLUGGARD))
        });
    }
}

fn plain(name: &str, source: Source) -> ClientEntry {
    ClientEntry {
        line: 1,
        name: name.to_owned(),
        source,
        reply_port: None,
        priority: 0,
        operator: None,
        follow: Vec::new(),
        sync: false,
        write: None,
        echo: Echo::Always,
        snap_back: true,
        status: true,
        time_tags: TimeTags::Arrival,
        silence_timeout: None,
        idle_timeout: None,
        mapping: None,
    }
}

fn client(chance: &mut Chance, show: &Show) -> ClientEntry {
    let name = chance.pick(&["desk", "tablet", "console", "cues", "net", "backup"]);
    let mut follow = Vec::new();
    for _ in 0..chance.below(3) {
        follow.push(
            chance
                .pick(&[
                    "//*",
                    "/mix/*/fader",
                    "/cue/*",
                    "/oscgate/status/*",
                    "/scene",
                    "//1//*",
                ])
                .to_owned(),
        );
    }
    let write = chance.thousandth(120).then(|| {
        let some = chance.pick(&["/mix//*", "/cue/*", "//fader", "/{mix,meter,scene}"]);
        vec![some.to_owned()]
    });
    ClientEntry {
        reply_port: chance
            .thousandth(150)
            .then(|| u16::try_from(chance.between(9_001, 9_003)).expect("a port")),
        priority: chance.pick(&[0, 0, 1, 2, -1]),
        operator: chance.pick(&[None, None, Some(true), Some(false)]),
        follow,
        sync: chance.thousandth(250),
        write,
        echo: chance.pick(&[
            Echo::Always,
            Echo::Always,
            Echo::Changed,
            Echo::Settled,
            Echo::Never,
        ]),
        snap_back: chance.thousandth(800),
        status: chance.thousandth(800),
        time_tags: if chance.thousandth(400) {
            TimeTags::Schedule
        } else {
            show.gateway.time_tags
        },
        silence_timeout: timeout(chance, show.sessions.silence_timeout),
        idle_timeout: timeout(chance, show.sessions.idle_timeout),
        mapping: chance.thousandth(250).then(dialect::mapping),
        ..plain(name, source(chance))
    }
}

fn source(chance: &mut Chance) -> Source {
    let host = chance.pick(&HOSTS);
    let subnet = |ip: [u8; 4], prefix| {
        Source::Subnet(Subnet {
            network: ip.into(),
            prefix,
        })
    };
    match chance.below(8) {
        0..3 => Source::Ip(host),
        3..6 => {
            let port = 5_000 + chance.below(16);
            Source::Endpoint(SocketAddr::new(host, u16::try_from(port).expect("a port")))
        }
        6 => chance.pick(&[
            subnet([10, 0, 0, 0], 28),
            subnet([10, 0, 0, 8], 30),
            subnet([127, 0, 0, 0], 8),
        ]),
        _ => chance.pick(&[
            subnet([192, 168, 1, 0], 24),
            Source::Subnet(Subnet {
                network: "fd00::".parse().expect("an address"),
                prefix: 64,
            }),
        ]),
    }
}

fn timeout(chance: &mut Chance, general: Timeout) -> Timeout {
    chance.pick(&[
        general,
        general,
        general,
        Some(secs(2)),
        Some(secs(7)),
        None,
    ])
}

fn time_tags(chance: &mut Chance) -> TimeTags {
    if chance.thousandth(200) {
        TimeTags::Schedule
    } else {
        TimeTags::Arrival
    }
}

fn access(chance: &mut Chance) -> Access {
    let stage = Subnet {
        network: [10, 0, 0, 0].into(),
        prefix: 8,
    };
    let allow = match chance.below(8) {
        0 => vec![Allow::Any],
        1 => vec![Allow::Subnet(stage), Allow::Subnet(Subnet::of(HOSTS[4]))],
        _ => vec![Allow::Private],
    };
    Access {
        origins: Vec::new(),
        allow,
        clients: if chance.thousandth(60) {
            Clients::Listed
        } else {
            Clients::Any
        },
        identity: if chance.thousandth(150) {
            Identity::Ip
        } else {
            Identity::Endpoint
        },
        operators: if chance.thousandth(700) {
            Operators::Loopback
        } else {
            Operators::None
        },
    }
}

fn lock_times(chance: &mut Chance) -> LockTimes {
    LockTimes {
        timeout: chance.pick(&[millis(700), secs(2), secs(5), secs(30), secs(30)]),
        denial_interval: chance.pick(&[millis(1), millis(100), millis(100), secs(1)]),
        settle: chance.pick(&[millis(50), millis(300), millis(300), secs(2)]),
        reflection: chance.pick(&[Duration::ZERO, millis(250), millis(250), secs(1)]),
    }
}

fn sessions(chance: &mut Chance) -> Sessions {
    Sessions {
        silence_timeout: chance.pick(&[Some(secs(10)), Some(secs(10)), Some(secs(2)), None]),
        idle_timeout: chance.pick(&[
            Some(secs(60)),
            Some(secs(60)),
            Some(secs(9)),
            Some(secs(90)),
        ]),
        unreachable: if chance.thousandth(500) {
            Unreachable::Ends
        } else {
            Unreachable::Ignore
        },
    }
}

fn limits(chance: &mut Chance) -> Limits {
    let mut limits = Limits::default();
    let mut small = |limit: &mut u32, low, high| {
        if chance.thousandth(100) {
            *limit = u32::try_from(chance.between(low, high)).expect("limits are small");
        }
    };
    small(&mut limits.clients, 3, 9);
    small(&mut limits.addresses, 2, 8);
    small(&mut limits.addresses_per_client, 1, 4);
    small(&mut limits.packets_per_second, 1, 20);
    small(&mut limits.locks_per_client, 1, 3);
    small(&mut limits.subscriptions_per_client, 1, 4);
    limits
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
