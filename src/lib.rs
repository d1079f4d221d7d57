//! oscgate: an Open Sound Control gateway with locks.
//!
//! Everything that decides is pure; everything that waits decides nothing. The rooms below stand
//! in layer order: each may use the ones above it, never one below.

pub mod limits;
pub mod time;

pub mod osc;

pub mod mapping;

pub mod config;

pub mod gateway;

#[cfg(feature = "shell")]
pub mod net;

#[cfg(feature = "shell")]
pub mod http;

#[cfg(feature = "shell")]
pub mod driver;

#[cfg(feature = "shell")]
pub mod client;

#[cfg(feature = "shell")]
pub mod web;

#[cfg(feature = "shell")]
pub mod cli;
