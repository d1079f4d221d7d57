//! What technicians write: TOML text in, checked values or every fault out.
//!
//! [`load_show`] reads a whole text in one pass, however broken it is, and answers with a [`Show`]
//! in which nothing needs to be checked again, or with every [`Fault`] and the cure of each. Absent
//! on purpose: reading files, watching them, and colours; a fault hands out its parts for that.

mod builtin;
mod diagnosis;
mod entries;
mod fault;
mod files;
mod init;
mod keys;
mod load;
mod load_mapping;
mod mapping_address;
mod mapping_control;
mod mapping_keys;
mod mapping_kind;
mod mapping_line;
mod mapping_values;
mod mappings;
mod nearest;
mod reading;
mod sections;
mod serving;
mod show;
mod show_keys;
mod sources;
mod statements;
mod syntax;
mod values;
mod walk;

pub use builtin::BUILT_IN;
pub use fault::{Fault, Quote};
pub use files::{Files, ReadFile};
pub use init::commented_show;
pub use load::{load_show, load_show_bytes};
pub use load_mapping::{is_mapping, load_mapping};

pub use show::{
    Access, AddressRule, Allow, ClientEntry, Clients, Echo, EventRule, Gateway, Identity, Limits,
    LockRule, LockTimes, Operators, Origin, Outside, ParameterAccess, Sessions, Show, Source,
    Subnet, TimeTags, Timeout, Unreachable, Watch,
};
