//! What a program says of its work while it goes on: warnings, steps, or everything, one line each on standard error.
//!
//! Failures are not logging: `exit` writes them, at every verbosity, without a word in front.

use std::fmt::{self, Write};
use std::io;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::{escape, terminal};

/// Starts logging. 1: warnings. 2: steps. 3: everything.
pub fn start(program: &'static str, verbosity: u8) {
    let level = match verbosity {
        0 | 1 => Level::WARN,
        2 => Level::INFO,
        _ => Level::DEBUG,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .event_format(OneLine { program })
        .finish();
    // A second start in one process would be a bug; the first one goes on.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

struct OneLine {
    program: &'static str,
}

impl<S, N> FormatEvent<S, N> for OneLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // Libraries log through the same channel, whole requests among it: only our own words are written.
        if !event.metadata().target().starts_with("tq_") {
            return Ok(());
        }
        terminal::hide_progress();
        let mut message = Message(String::new());
        event.record(&mut message);
        let level = event.metadata().level().as_str().to_lowercase();
        writeln!(writer, "{}: {level}: {}", self.program, escape::visible(&message.0))
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a String cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}
