//! What technicians write: TOML text in, checked values or every fault out.
//!
//! [`load_show`] reads a whole text in one pass, however broken it is, and answers with a [`Show`]
//! in which nothing needs to be checked again, or with every [`Fault`] and the cure of each. Absent
//! on purpose: reading files, watching them, and colours; a fault hands out its parts for that.

mod diagnosis;
mod entries;
mod fault;
mod init;
mod keys;
mod load;
mod nearest;
mod show;
mod sources;
mod statements;
mod syntax;
mod values;
mod walk;

pub use fault::{Fault, Quote};
pub use init::commented_show;
pub use load::{load_show, load_show_bytes};

pub use show::{
    Access, AddressRule, Allow, ClientEntry, Clients, Echo, EventRule, Gateway, Identity, Limits,
    LockRule, LockTimes, Operators, Outside, ParameterAccess, Sessions, Show, Source, Subnet,
    TimeTags, Timeout, Unreachable, Watch,
};
