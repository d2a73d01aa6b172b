//! Trying, read-only, by which routes this ThreatQ lists what users watch, and saying what to write into the
//! configuration. For people, and for nobody's pipe.

use std::io::Write;

use super::{Fetch, Library};
use crate::escape;
use crate::exit::{Failure, Status};
use crate::threatq::{Route, User, Users};

/// How many objects are named of each list.
const SHOWN: usize = 5;

/// Tries every preset, and the configured route where it is none, for each user. Ends with 69 when none fits.
pub fn probe<W: Write>(fetch: Fetch<W>, names: &[String], configured: Route) -> Result<Status, Failure> {
    let Fetch { library, findings } = fetch;
    let mut output = findings.output;
    let users = Users::read(&library.client)?;
    let mut routes: Vec<Route> = Route::presets().collect();
    if routes.iter().all(|route| route.name != configured.name) {
        routes.insert(0, configured);
    }
    let mut fits = false;
    for route in &routes {
        output.say(&format!("route \"{}\"", route.name))?;
        let mut fits_all = true;
        for name in names {
            let user = users.find(name)?;
            let (lists, answer) = answer(&library, route, user);
            fits_all &= lists;
            output.say(&escape::visible(&format!("  {name}: {}: {answer}", route.question(user))))?;
        }
        if fits_all {
            output.say(&format!("  It fits. Put this under [watchlist]:\n    route = \"{}\"", route.name))?;
        }
        fits |= fits_all;
    }
    if !fits {
        output.say("None fits. A data collection can stand in for the list: route = \"collection:NAME\"")?;
    }
    output.flush()?;
    Ok(if fits { Status::Done } else { Status::Unavailable })
}

/// Whether the route lists what the user watches, and what it answered.
fn answer(library: &Library, route: &Route, user: &User) -> (bool, String) {
    let rows = match route.watched_by(&library.client, &library.types, user) {
        Ok(rows) => rows,
        Err(error) => return (false, error.to_string()),
    };
    let (good, bad): (Vec<_>, Vec<_>) = rows.into_iter().partition(Result::is_ok);
    let mut named: Vec<String> = good
        .iter()
        .flatten()
        .take(SHOWN)
        .map(|watched| format!("{} {}", watched.type_name, watched.id))
        .collect();
    if good.len() > SHOWN {
        named.push("…".to_owned());
    }
    let mut answer = format!("{} watched", good.len());
    if !named.is_empty() {
        answer = format!("{answer}: {}", named.join(", "));
    }
    if let Some(Err(reason)) = bad.first() {
        answer = format!("{answer}; {} rows make no sense: {reason}", bad.len());
    }
    if good.is_empty() {
        answer.push_str("; watch something, or this proves little");
    }
    (true, answer)
}
