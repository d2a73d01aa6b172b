//! The simulator asked over its wire, by plain HTTP written by hand.

mod bodies;
mod control;
mod faults;
mod generated;
mod knobs;
mod login;
mod queries;
mod reading;
mod serving;
mod shifting;
mod watching;
mod wire;
mod writing;
