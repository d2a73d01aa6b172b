//! What the tests stand on: the programs as a user runs them, and servers for them to talk to.

pub(crate) mod certificates;
pub(crate) mod exim;
pub(crate) mod imap;
pub(crate) mod keeper;
pub(crate) mod postfix;
pub(crate) mod program;
pub(crate) mod relay;
pub(crate) mod site;
