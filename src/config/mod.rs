//! What technicians write: TOML text in, checked values or every fault out.

mod fault;
mod keys;
mod show;
mod values;

pub use fault::{Fault, Quote};

pub use show::{
    Access, AddressRule, Allow, ClientEntry, Clients, Echo, EventRule, Gateway, Identity, Limits,
    LockRule, LockTimes, Operators, Outside, ParameterAccess, Sessions, Show, Source, Subnet,
    Timeout, Unreachable, Watch,
};
