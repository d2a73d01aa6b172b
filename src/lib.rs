//! Mail when a watched ThreatQ object changes or a data collection gains items.
//!
//! Small programs, joined by pipes; this library is what they are made of.
//!
//! ```text
//! tq-fetch-watchlist  ─┐
//!                      ├─ alerts ─▶ tq-format-email ─ emails ─▶ tq-send-smtp ─▶ receipts
//! tq-fetch-collection ─┘
//! ```
//!
//! Between them `tq-format-slack` and `tq-send-slack` can take the same alerts to Slack.
//!
//! Modules in reading order. Arrows point down only, and no edge knows another:
//!
//! * what the programs do, one verb each: [`fetch`], [`mod@format`], [`send`], [`validate`];
//! * the edges: [`threatq`] (its API), [`mail`] (texts and bytes), [`blocks`] (messages), [`smtp`] (the relay),
//!   [`maildir`], [`slack`] (the workspace), [`state`] (memory and outbox);
//! * what a reader sees of an alert: `item`;
//! * what changed: [`change`];
//! * what travels: [`record`], [`ndjson`];
//! * plumbing: [`candidates`], [`config`], [`exit`], [`escape`], [`http`], [`interrupt`], [`logging`], [`secret`],
//!   [`terminal`], [`tls`], [`zone`].
//!
//! A fetcher, filter or sender of one's own needs [`ndjson`] and [`record`]; `examples/summary.rs` is one, and
//! `docs/extending.md` has the rules.
//!
//! ARCHITECTURE.md follows one alert through them.

pub mod fetch;
pub mod format;
pub mod send;
pub mod validate;

pub mod blocks;
pub mod mail;
pub mod maildir;
pub mod slack;
pub mod smtp;
pub mod state;
pub mod threatq;

mod item;

pub mod change;

pub mod ndjson;
pub mod record;

pub mod candidates;
pub mod config;
pub mod escape;
pub mod exit;
pub mod http;
pub mod interrupt;
pub mod logging;
pub mod secret;
pub mod terminal;
pub mod tls;
pub mod zone;
