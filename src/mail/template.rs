//! The texts of the mails: minijinja templates, built in, compiled at start. The only home of minijinja.
//!
//! Whatever a template prints is made visible first, and escaped in HTML: a value cannot forge a line, hide a character
//! or bring markup. A name that is not defined is an error.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior};
use serde::Serialize;

use crate::escape;
use crate::exit::{Failure, Status};

/// The templates, by the name of their mail and part.
const BUILT_IN: [(&str, &str); 6] = [
    ("watchlist.subject", include_str!("../../templates/watchlist.subject")),
    ("watchlist.txt", include_str!("../../templates/watchlist.txt")),
    ("watchlist.html", include_str!("../../templates/watchlist.html")),
    ("collection.subject", include_str!("../../templates/collection.subject")),
    ("collection.txt", include_str!("../../templates/collection.txt")),
    ("collection.html", include_str!("../../templates/collection.html")),
];

/// The longest subject, in characters.
const SUBJECT_LIMIT: usize = 150;

/// The compiled templates.
pub(super) struct Templates {
    environment: Environment<'static>,
}

/// The three texts of one mail.
pub(super) struct Texts {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

impl Templates {
    /// Compiles all templates.
    pub(super) fn new() -> Result<Self, Failure> {
        // A tag on a line of its own leaves no line behind.
        let syntax =
            SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        let syntax = syntax.map_err(|error| failure(&error))?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(syntax);
        environment.set_formatter(print);
        for (name, source) in BUILT_IN {
            environment.add_template(name, source).map_err(|error| failure(&error))?;
        }
        Ok(Self { environment })
    }

    /// Renders the three texts of one kind of mail.
    pub(super) fn render(&self, mail: &str, values: &impl Serialize) -> Result<Texts, Failure> {
        let values = Value::from(Serde(values));
        let part = |part: &str| {
            let template = self.environment.get_template(&format!("{mail}.{part}"));
            template.and_then(|template| template.render(&values)).map_err(|error| failure(&error))
        };
        let subject = escape::cut(part("subject")?.trim(), SUBJECT_LIMIT).into_owned();
        Ok(Texts { subject, text: part("txt")?, html: part("html")? })
    }
}

fn print(output: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let text = match value.as_str() {
        Some(text) if !value.is_safe() => escape::visible(text),
        _ => return minijinja::escape_formatter(output, state, value),
    };
    let written = if *state.auto_escape() == AutoEscape::Html {
        output.write_str(&escape::html(&text))
    } else {
        output.write_str(&text)
    };
    written.map_err(minijinja::Error::from)
}

fn failure(error: &minijinja::Error) -> Failure {
    Failure::new(Status::Bug, format!("a built-in template fails: {error:#}"))
}
