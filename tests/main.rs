//! The programs as users meet them: real binaries, real pipes, real servers.

// A test that cannot go on says why and ends; clippy's own exception does not reach the functions that tests share.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod change;
mod clock;
mod completions;
mod connector;
mod crash;
mod examples;
mod exim;
mod extending;
mod fetch;
mod format;
mod format_slack;
mod man;
mod memory;
mod paging;
mod pipeline;
mod records;
mod scope;
mod send_slack;
mod send_smtp;
mod slack_wire;
mod stream;
mod support;
mod threatq;
mod tidy;
mod validate;
mod watchlist;
