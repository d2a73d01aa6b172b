//! What every sender understands beside its settings: what may be asked of its state instead of sending, and whose run
//! it is a part of. No section of the file.

use chrono::{DateTime, Utc};
use clap::Args;

/// What may be asked of a state instead of sending.
#[derive(Args, Debug)]
pub struct Look {
    /// List what was not delivered; retry: try it in the next run; drop: give it up
    #[arg(long, value_names = ["retry|drop", "ID|all"], num_args = 0..=2)]
    #[arg(conflicts_with_all = ["dead_letters", "check", "dry_run"])]
    pub queue: Option<Vec<String>>,
    /// Print what was refused for good as records, to be sent anew
    #[arg(long, conflicts_with_all = ["check", "dry_run"])]
    pub dead_letters: bool,
    /// Say how things stand: the last run, what waits, and how far each source was read
    #[arg(long, conflicts_with_all = ["queue", "dead_letters", "check", "dry_run"])]
    pub status: bool,
    /// With --status: as JSON also on a terminal
    #[arg(long, requires = "status")]
    pub json: bool,
}

/// The run that a sender belongs to.
#[derive(Args, Debug)]
pub struct Part {
    /// Be a part of the run that began then, and not a run by itself
    #[arg(long, value_name = "TIME", conflicts_with_all = ["status", "queue", "dead_letters", "check", "dry_run"])]
    pub run: Option<DateTime<Utc>>,
    /// Say that this run has ended so, and send nothing
    #[arg(long, value_name = "STATUS", requires = "run")]
    pub ended: Option<u8>,
}
