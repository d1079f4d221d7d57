//! What technicians write: TOML text in, checked values or every fault out.

mod diagnosis;
mod entries;
mod fault;
mod init;
mod keys;
mod load;
mod show;
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
    Timeout, Unreachable, Watch,
};
