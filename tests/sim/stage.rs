//! Where a history takes place: the gateway's sockets, the machines around it, and the few
//! addresses over which everybody fights.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use oscgate::gateway::Via;

use crate::chance::Chance;

/// The port that the gateway listens on.
pub(crate) const PORT: u16 = 8900;

/// Where the one who follows everything, and says nothing that matters, is configured.
pub(crate) const WITNESS: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 250)), 7000);

/// Where the one is configured who follows everything and cannot keep up.
pub(crate) const SLUGGARD: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 240)), 7240);

/// A network that the gateway has an address in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Net {
    Loopback,
    Stage,
    House,
    Six,
}

impl Net {
    pub(crate) const ALL: [Self; 4] = [Self::Loopback, Self::Stage, Self::House, Self::Six];

    /// The network that a machine is in. What comes from outside comes in over the stage.
    pub(crate) fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) if ip.is_loopback() => Self::Loopback,
            IpAddr::V4(ip) if ip.octets()[0] == 192 => Self::House,
            IpAddr::V4(_) => Self::Stage,
            IpAddr::V6(_) => Self::Six,
        }
    }

    /// The gateway's own address there.
    pub(crate) const fn local(self) -> IpAddr {
        match self {
            Self::Loopback => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Self::Stage => IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
            Self::House => IpAddr::V4(Ipv4Addr::new(192, 168, 1, 1)),
            Self::Six => IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1)),
        }
    }
}

/// The machines that clients run on.
pub(crate) const HOSTS: [IpAddr; 7] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 11)),
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 12)),
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 13)),
    IpAddr::V4(Ipv4Addr::new(192, 168, 1, 21)),
    IpAddr::V4(Ipv4Addr::new(192, 168, 1, 22)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x31)),
];

/// A machine that no private network has.
pub(crate) const ABROAD: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

/// What an address is for, and so what is mostly sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    Float,
    Int,
    Switch,
    Text,
    Blob,
    Go,
    Press,
    Anything,
}

/// An address that several clients want.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hot {
    pub(crate) address: &'static str,
    pub(crate) nature: Nature,
}

const fn hot(address: &'static str, nature: Nature) -> Hot {
    Hot { address, nature }
}

/// 255 bytes, the longest there may be.
const LONGEST: &str = "/long/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// What the hot addresses of a history are drawn from.
pub(crate) const ADDRESSES: [Hot; 18] = [
    hot("/mix/1/fader", Nature::Float),
    hot("/mix/2/fader", Nature::Float),
    hot("/mix/10/fader", Nature::Float),
    hot("/mix/1/mute", Nature::Switch),
    hot("/mix/2/mute", Nature::Switch),
    hot("/mix", Nature::Int),
    hot("/cue/go", Nature::Go),
    hot("/cue/press", Nature::Press),
    hot("/meter/1", Nature::Float),
    hot("/meter/2", Nature::Float),
    hot("/desk/name", Nature::Text),
    hot("/light/a b", Nature::Int),
    hot("/grüße", Nature::Text),
    hot("/scene", Nature::Int),
    hot("/picture", Nature::Blob),
    hot("/any", Nature::Anything),
    hot(LONGEST, Nature::Float),
    hot("/oscgates/1", Nature::Float),
];

/// One history's stage.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// The gateway's sockets.
    pub(crate) sockets: Vec<SocketAddr>,
    /// Whether the platform says over which local address something came.
    local: Local,
    /// What is fought over.
    pub(crate) hot: Vec<Hot>,
    /// Whether there is a witness.
    pub(crate) witness: bool,
    /// Whether there is somebody who cannot keep up.
    pub(crate) sluggard: bool,
}

#[derive(Clone, Copy, Debug)]
enum Local {
    Known,
    Unknown,
}

impl Stage {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let sockets = if chance.thousandth(600) {
            vec![
                SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT),
                SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), PORT),
            ]
        } else {
            let of = |net: Net| SocketAddr::new(net.local(), PORT);
            Net::ALL.into_iter().map(of).collect()
        };
        let local = if chance.thousandth(850) {
            Local::Known
        } else {
            Local::Unknown
        };
        let count = chance.between(4, 11);
        let mut pool = ADDRESSES.to_vec();
        let hot = (0..count)
            .map(|_| pool.swap_remove(chance.index(pool.len())))
            .collect();
        Self {
            sockets,
            local,
            hot,
            witness: chance.thousandth(850),
            sluggard: chance.thousandth(120),
        }
    }

    /// Which way a datagram of this machine comes.
    pub(crate) fn via(&self, from: IpAddr) -> Via {
        let net = Net::of(from);
        let local = net.local();
        let socket = self.sockets.iter().position(|socket| {
            socket.ip() == local
                || socket.ip().is_unspecified() && socket.is_ipv4() == local.is_ipv4()
        });
        let socket = socket.expect("every network has a socket of its family");
        Via {
            socket: u16::try_from(socket).expect("sockets are few"),
            local: match self.local {
                Local::Known => Some(local),
                Local::Unknown => None,
            },
        }
    }
}
