//! Trying, read-only, by which routes this ThreatQ lists what users watch, and saying what to write into the
//! configuration. For people, and for nobody's pipe.

use std::io::Write;

use super::{Fetch, Library};
use crate::escape;
use crate::exit::{Failure, Status};
use crate::ndjson::{self, Writer};
use crate::threatq::{Client, Error, Route, User, Users, Watched};

/// How many objects are named of each list.
const SHOWN: usize = 5;

/// A user, and the session in which to ask for what the user watches.
struct Person {
    name: String,
    user: User,
    /// A session of the user's own, where there is a login for it.
    own: Option<Client>,
    /// Something that the user watches, by the word of a list.
    watches: Option<Watched>,
}

/// How well a route fits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Fits,
    /// Maybe, with a login of the user's own.
    WithLogin,
    Not,
}

impl Person {
    fn client<'a>(&'a self, library: &'a Library) -> &'a Client {
        self.own.as_ref().unwrap_or(&library.client)
    }
}

/// Tries every preset, and the configured route where it is none, for each user. Ends with 69 when none fits.
pub fn probe<W: Write>(fetch: Fetch<W>, names: &[String], configured: Route) -> Result<Status, Failure> {
    let Fetch { library, findings } = fetch;
    let mut output = findings.output;
    let users = Users::read(&library.client)?;
    let mut people = Vec::new();
    for name in names {
        let user = users.find(name)?.clone();
        let own = configured.session_of(&library.client, &user)?;
        people.push(Person { name: name.clone(), user, own, watches: None });
    }
    let mut routes: Vec<Route> = Route::presets().collect();
    // A preset that is configured with places or a query of its own is tried with them.
    match routes.iter_mut().find(|route| route.name == configured.name) {
        Some(preset) => *preset = configured,
        None => routes.insert(0, configured),
    }
    let mut best = Fit::Not;
    for route in &routes {
        best = best.min(try_list(&library, &mut output, &mut people, route)?);
    }
    if people.iter().any(|person| person.watches.is_some()) {
        try_objects(&library, &mut output, &people)?;
    }
    if best == Fit::Not {
        output.say("None fits. A data collection can stand in for the list: route = \"collection:NAME\". Or its objects are asked one by one whether they are watched: try --route walk:NAME --probe")?;
    }
    output.flush()?;
    Ok(if best == Fit::Fits { Status::Done } else { Status::Unavailable })
}

/// Asks a route for each list, and says what to set where it fits.
fn try_list<W: Write>(
    library: &Library,
    output: &mut Writer<W>,
    people: &mut [Person],
    route: &Route,
) -> Result<Fit, ndjson::Error> {
    output.say(&format!("route \"{}\"", route.name))?;
    let mut fit = Fit::Fits;
    let mut lacking = Vec::new();
    for person in people {
        let question = route.question(&person.user);
        let (one, answer) = match route.watched_by(person.client(library), &library.types, &person.user) {
            Ok(rows) => {
                let answer = in_words(&rows);
                person.watches = rows.into_iter().flatten().next().or(person.watches.take());
                (Fit::Fits, answer)
            }
            Err(error) => (failed(person, &error), error.to_string()),
        };
        if one == Fit::WithLogin {
            lacking.push(person.name.clone());
        }
        fit = fit.max(one);
        output.say(&escape::visible(&format!("  {}: {question}: {answer}", person.name)))?;
    }
    let setting = format!("    route = \"{}\"", route.name);
    match fit {
        Fit::Fits => output.say(&format!("  It fits. Put this under [watchlist]:\n{setting}"))?,
        Fit::WithLogin => {
            output.say(&format!(
                "  It may fit with logins of their own. Put this under [watchlist]:\n{setting}"
            ))?;
            for name in lacking {
                let name = escape::visible(&name);
                output.say(&format!("    [[watchlist.login]]\n    user = \"{name}\"\n    client_id = \"…\"\n    password_file = \"…\""))?;
            }
        }
        Fit::Not => (),
    }
    Ok(fit)
}

/// Whether it may be for the login alone that a question failed.
fn failed(person: &Person, error: &Error) -> Fit {
    if person.own.is_none() && error.wants_login_of_user() { Fit::WithLogin } else { Fit::Not }
}

/// Asks an object of each list whether it is watched: where lists differ, that still works.
fn try_objects<W: Write>(
    library: &Library,
    output: &mut Writer<W>,
    people: &[Person],
) -> Result<(), ndjson::Error> {
    output.say(
        "route \"walk:NAME\", for a data collection that has what is watched; it asks each of its objects",
    )?;
    for person in people {
        let Some(watched) = &person.watches else { continue };
        let answer = match watched.says_so(person.client(library), &library.types, &person.user) {
            Ok((true, question)) => format!("{question}: watched, as the list says; it fits"),
            Ok((false, question)) => {
                format!("{question}: not watched, though the list says so; it does not fit")
            }
            Err(error) => error.to_string(),
        };
        output.say(&escape::visible(&format!("  {}: {answer}", person.name)))?;
    }
    Ok(())
}

/// What a route answered.
fn in_words(rows: &[Result<Watched, String>]) -> String {
    let good: Vec<&Watched> = rows.iter().flatten().collect();
    let mut named: Vec<String> =
        good.iter().take(SHOWN).map(|watched| format!("{} {}", watched.type_name, watched.id)).collect();
    if good.len() > SHOWN {
        named.push("…".to_owned());
    }
    let mut answer = format!("{} watched", good.len());
    if !named.is_empty() {
        answer = format!("{answer}: {}", named.join(", "));
    }
    let mut bad = rows.iter().filter_map(|row| row.as_ref().err()).peekable();
    if let Some(reason) = bad.peek().copied() {
        answer = format!("{answer}; {} rows make no sense: {reason}", bad.count());
    }
    if good.is_empty() {
        answer.push_str("; watch something, or this proves little");
    }
    answer
}
