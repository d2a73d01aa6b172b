//! The simulator asked over its wire, by plain HTTP written by hand.

mod control;
mod faults;
mod login;
mod queries;
mod reading;
mod serving;
mod watching;
mod wire;
mod writing;
