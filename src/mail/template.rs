//! The texts of the mails: minijinja templates, built in or from a folder, compiled at start. The only home of minijinja.
//!
//! Whatever a template prints of an alert is cut, made visible and unclickable, and escaped in HTML: a value cannot
//! forge a line, hide a character, bring markup or become a link. There is no filter that lets a value through as it is,
//! but `link`, which takes addresses of the configured ThreatQ only. A name that is not defined is an error.
//!
//! Fails with 78 for a template of one's own that does not compile or uses a variable that is none.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use std::{fs, io};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde::Serialize;

use super::digest;
use crate::config::Defang;
use crate::escape;
use crate::exit::{Failure, Status};
use crate::item::{self, Origin, defang, link};
use crate::zone::Zone;

/// The built-in templates; an underscore marks what others include.
const BUILT_IN: [(&str, &str); 13] = [
    ("_digest.html", include_str!("../../templates/_digest.html")),
    ("_digest.txt", include_str!("../../templates/_digest.txt")),
    ("_parts.html", include_str!("../../templates/_parts.html")),
    ("_mail.html", include_str!("../../templates/_mail.html")),
    ("watchlist.subject", include_str!("../../templates/watchlist.subject")),
    ("watchlist.txt", include_str!("../../templates/watchlist.txt")),
    ("watchlist.html", include_str!("../../templates/watchlist.html")),
    ("collection.subject", include_str!("../../templates/collection.subject")),
    ("collection.txt", include_str!("../../templates/collection.txt")),
    ("collection.html", include_str!("../../templates/collection.html")),
    ("overflow.subject", include_str!("../../templates/overflow.subject")),
    ("overflow.txt", include_str!("../../templates/overflow.txt")),
    ("overflow.html", include_str!("../../templates/overflow.html")),
];
/// The longest subject, in characters.
const SUBJECT_LIMIT: usize = 150;

/// The compiled templates, for each way of defanging that is asked for.
pub(super) struct Templates {
    sets: Vec<Set>,
}

struct Set {
    defang: Defang,
    built_in: Environment<'static>,
    own: Option<Environment<'static>>,
}

/// The three texts of one mail.
pub(super) struct Texts {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

impl Templates {
    /// Compiles all templates.
    pub(super) fn new(
        folder: Option<&Path>,
        subfolders: &[&str],
        defangs: &[Defang],
        zone: Zone,
        origin: &Origin,
    ) -> Result<Self, Failure> {
        let own = folder.map_or(Ok(Vec::new()), |folder| own_sources(folder, subfolders))?;
        if folder.is_none()
            && let Some(name) = subfolders.first()
        {
            return Err(Failure::new(
                Status::Config,
                format!("a route has the template '{name}', and email.templates is not set"),
            ));
        }
        let mut sets: Vec<Set> = Vec::new();
        for defang in defangs {
            if sets.iter().any(|set| set.defang == *defang) {
                continue;
            }
            let mut built_in = environment(*defang, zone, origin).map_err(|error| bug(&error))?;
            for (name, source) in BUILT_IN {
                built_in.add_template(name, source).map_err(|error| bug(&error))?;
            }
            let mut set = Set { defang: *defang, built_in, own: None };
            if !own.is_empty() {
                set.own = Some(with_own(&set.built_in, &own)?);
            }
            sets.push(set);
        }
        Ok(Self { sets })
    }

    /// Renders the three texts of one kind of mail: from templates of one's own where there are some, and from the
    /// built-in ones when those fail, with the reason.
    pub(super) fn render(
        &self,
        mail: &str,
        folder: Option<&str>,
        defang: Defang,
        values: &impl Serialize,
    ) -> Result<(Texts, Option<String>), Failure> {
        let values = Value::from(Serde(values));
        let set = self.sets.iter().find(|set| set.defang == defang).or_else(|| self.sets.first());
        let Some(set) = set else {
            return Err(Failure::new(Status::Bug, "there are no templates"));
        };
        let mut reason = None;
        if let Some(own) = &set.own {
            match texts(own, mail, folder, &values) {
                Ok(texts) => return Ok((texts, None)),
                Err(error) => reason = Some(words(&error)),
            }
        }
        let texts = texts(&set.built_in, mail, None, &values).map_err(|error| bug(&error))?;
        Ok((texts, reason))
    }
}

fn texts(from: &Environment<'_>, mail: &str, folder: Option<&str>, values: &Value) -> Result<Texts, Error> {
    let part = |part: &str| {
        let name = format!("{mail}.{part}");
        let special = folder.and_then(|folder| from.get_template(&format!("{folder}/{name}")).ok());
        special.map_or_else(|| from.get_template(&name), Ok)?.render(values)
    };
    let subject = part("subject")?;
    // Whatever a template says, a subject is one line.
    let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let subject = escape::cut(&escape::visible(&subject), SUBJECT_LIMIT).into_owned();
    Ok(Texts { subject, text: part("txt")?, html: part("html")? })
}

fn environment(what: Defang, zone: Zone, origin: &Origin) -> Result<Environment<'static>, Error> {
    // A tag on a line of its own leaves no line behind.
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(syntax);
    environment.set_formatter(move |output, state, value| print(output, state, value, what));
    // Printing escapes, and nothing may promise that it has been done already.
    for name in ["safe", "escape", "e"] {
        environment.remove_filter(name);
    }
    environment
        .add_filter("date", move |time: Value, form: Option<String>| date(zone, &time, form.as_deref()));
    environment.add_filter("defang", |text: String| defang::text(&text, Defang::All).into_owned());
    environment.add_filter("plural", |count: u64, one: String, several: Option<String>| {
        match (count, several) {
            (1, _) => one,
            (_, Some(several)) => several,
            (_, None) => one + "s",
        }
    });
    let origin = origin.clone();
    environment.add_filter("link", move |address: String| {
        match link::flaw(&address, Some(origin.get().unwrap_or("https://threatq"))) {
            None => Ok(Value::from_safe_string(escape::html(&address))),
            Some(flaw) => Err(Error::new(ErrorKind::InvalidOperation, format!("link: an address {flaw}"))),
        }
    });
    Ok(environment)
}

/// Every value on its way into a mail.
fn print(
    output: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
    what: Defang,
) -> Result<(), Error> {
    if value.is_safe() || matches!(value.kind(), ValueKind::Number | ValueKind::Bool | ValueKind::Undefined) {
        return minijinja::escape_formatter(output, state, value);
    }
    let all: Cow<'_, str> = value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
    let text = item::shown(&all, what);
    let written =
        if *state.auto_escape() == AutoEscape::Html && text.contains(['&', '<', '>', '"', '\'', '`']) {
            output.write_str(&escape::html(&text))
        } else {
            output.write_str(&text)
        };
    written.map_err(Error::from)
}

fn date(zone: Zone, time: &Value, form: Option<&str>) -> Result<String, Error> {
    if time.is_none() {
        return Ok("unknown".to_owned());
    }
    let refused = |what: &str| Error::new(ErrorKind::InvalidOperation, format!("date: {what}"));
    let time = time.as_str().and_then(|time| time.parse().ok()).ok_or_else(|| refused("not a time"))?;
    form.map_or_else(
        || Ok(zone.show(time)),
        |form| zone.form(time, form).map_err(|_| refused("not a form of time")),
    )
}

/// The templates in a folder and those of its subfolders that routes name.
fn own_sources(folder: &Path, subfolders: &[&str]) -> Result<Vec<(String, String)>, Failure> {
    let mut sources = Vec::new();
    for subfolder in [None].into_iter().chain(subfolders.iter().copied().map(Some)) {
        let path = subfolder.map_or_else(|| folder.to_owned(), |name| folder.join(name));
        let refused = |error: &dyn std::fmt::Display| {
            Failure::new(Status::Config, format!("templates {}: {error}", path.display()))
        };
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(&path).map_err(|error| refused(&error))? {
            let name = entry.map_err(|error: io::Error| refused(&error))?.file_name();
            names.extend(name.into_string().ok());
        }
        names.sort_unstable();
        for name in names {
            let is_template = [".subject", ".txt", ".html"].iter().any(|end| name.ends_with(end));
            if !is_template || name.starts_with('.') {
                continue;
            }
            if !name.starts_with('_') && !BUILT_IN.iter().any(|(known, _)| *known == name) {
                let reason =
                    format!("{name} is no template of a mail; what others include begins with an underscore");
                return Err(refused(&reason));
            }
            let text =
                fs::read_to_string(path.join(&name)).map_err(|error| refused(&format!("{name}: {error}")))?;
            sources.push((subfolder.map_or_else(|| name.clone(), |folder| format!("{folder}/{name}")), text));
        }
    }
    Ok(sources)
}

/// The built-in templates, and those of one's own in their places.
fn with_own(
    built_in: &Environment<'static>,
    own: &[(String, String)],
) -> Result<Environment<'static>, Failure> {
    let refused = |reason: String| Failure::new(Status::Config, format!("template {reason}"));
    let mut environment = built_in.clone();
    for (name, source) in own {
        let added = environment.add_template_owned(name.clone(), source.clone());
        added.map_err(|error| refused(words(&error)))?;
    }
    for (name, _) in own {
        let last = name.rsplit('/').next().unwrap_or(name);
        if last.starts_with('_') {
            continue;
        }
        let template = environment.get_template(name).map_err(|error| refused(words(&error)))?;
        let known = if last.starts_with("watchlist.") { item::VARIABLES } else { digest::VARIABLES };
        let mut unknown = undeclared(template.undeclared_variables(false), &environment, known);
        unknown.sort_unstable();
        if let Some(variable) = unknown.first() {
            return Err(refused(format!("{name}: there is no variable '{variable}'")));
        }
    }
    Ok(environment)
}

fn undeclared(used: HashSet<String>, environment: &Environment<'_>, known: &[&str]) -> Vec<String> {
    let is_global = |name: &String| environment.globals().any(|(global, _)| global == name);
    used.into_iter().filter(|name| !known.contains(&name.as_str()) && !is_global(name)).collect()
}

fn words(error: &Error) -> String {
    let place =
        error.name().map_or_else(String::new, |name| format!("{name}, line {}: ", error.line().unwrap_or(1)));
    let detail = error.detail().map_or_else(String::new, |detail| format!(": {detail}"));
    format!("{place}{}{detail}", error.kind())
}

fn bug(error: &Error) -> Failure {
    Failure::new(Status::Bug, format!("a built-in template fails: {error:#}"))
}
