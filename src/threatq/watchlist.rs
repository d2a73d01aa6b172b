//! What a user watches, by whichever route this ThreatQ lists it.
//!
//! A guess, all of it: the route that lists a user's watchlist is not public, nor is the shape of its rows. There are
//! presets for the plainest candidates, a path and pointers of one's own for everything else, and two ways that rest on
//! known calls only: a data collection that stands in for the list, and one whose objects are asked one by one whether
//! they are watched. Where a row does not say where its type, number and owner are, the likely places are tried.
//!
//! A list that may be the login's own is not taken for somebody else's: an empty one would make us forget everything.

use serde_json::Value;

use super::walk::{self, Members};
use super::{Client, Error, ObjectType, ObjectTypes, User, lenient};
use crate::config;
use crate::escape;
use crate::exit::Failure;

/// Presets: the name in the configuration, and the path.
const PRESETS: [(&str, &str); 3] = [
    ("user", "/api/users/{user_id}/watchlist"),
    ("watchlist", "/api/watchlist"),
    ("watchlists", "/api/watchlists"),
];
/// What a data collection that stands in for a watchlist is named with.
const COLLECTION: &str = "collection:";
/// And one whose objects are asked one by one.
const WALK: &str = "walk:";
/// Where a row may say what it is about and whose it is, in the order in which they are tried.
const TYPE_PLACES: [&str; 3] = ["/object_type", "/object/type", "/type"];
const ID_PLACES: [&str; 2] = ["/object_id", "/object/id"];
const OWNER_PLACES: [&str; 2] = ["/user_id", "/user/id"];

/// One object on a watchlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The code of the object's type.
    pub type_name: String,
    /// The object's number.
    pub id: u64,
}

impl Watched {
    pub(super) fn new(object_type: &ObjectType, id: u64) -> Self {
        Self { type_name: object_type.name.clone(), id }
    }

    /// Whether the object itself says that this user watches it, and what was asked for that.
    pub fn says_so(
        &self,
        client: &Client,
        types: &ObjectTypes,
        user: &User,
    ) -> Result<(bool, String), Error> {
        let collection = &types.find(&self.type_name)?.collection;
        let question = format!("GET /api/{collection}/{}?with=watchlist", self.id);
        check_is_own(client, &question, user, &[])?;
        Ok((walk::is_watched(client, self, collection)?, question))
    }
}

/// How to learn what a user watches.
pub struct Route {
    /// As it stands in the configuration.
    pub name: String,
    list: List,
    type_place: Option<String>,
    id_place: Option<String>,
    owner_place: Option<String>,
    logins: Vec<config::Login>,
}

enum List {
    /// Rows at a path, in which `{user_id}` stands for the user.
    Path(String),
    /// The objects of a data collection.
    Collection(String),
    /// Those of its objects that say that the login watches them.
    Walk(String),
}

impl Route {
    /// The route that the settings name; the plainest guess where they name none.
    pub fn from_settings(settings: &config::Watchlist) -> Result<Self, Error> {
        let name = settings.route.clone().unwrap_or_else(|| PRESETS[0].0.to_owned());
        let preset = PRESETS.iter().find(|(preset, _)| *preset == name).map(|(_, path)| *path);
        let list = if let Some(path) = preset {
            List::Path(with_query(path, settings.query.as_deref()))
        } else if let Some(collection) = name.strip_prefix(COLLECTION) {
            List::Collection(collection.to_owned())
        } else if let Some(collection) = name.strip_prefix(WALK) {
            List::Walk(collection.to_owned())
        } else if name.starts_with("/api/") {
            List::Path(with_query(&name, settings.query.as_deref()))
        } else {
            let presets = PRESETS.map(|(preset, _)| preset).join(", ");
            let sentence = format!(
                "watchlist.route '{name}' is none of {presets}, collection:NAME, walk:NAME, or a path from /api/"
            );
            return Err(Error::Settings(sentence));
        };
        Ok(Self {
            name,
            list,
            type_place: settings.type_pointer.clone(),
            id_place: settings.id_pointer.clone(),
            owner_place: settings.owner_pointer.clone(),
            logins: settings.login.clone(),
        })
    }

    /// Every preset, to be tried.
    pub fn presets() -> impl Iterator<Item = Self> {
        PRESETS.iter().map(|(name, path)| Self {
            name: (*name).to_owned(),
            list: List::Path((*path).to_owned()),
            type_place: None,
            id_place: None,
            owner_place: None,
            logins: Vec::new(),
        })
    }

    /// What is asked for a user, in words.
    pub fn question(&self, user: &User) -> String {
        match &self.list {
            List::Path(path) => format!("GET {}", path_for(path, user)),
            List::Collection(name) => format!("data collection '{name}'"),
            List::Walk(name) => format!("each object of data collection '{name}'"),
        }
    }

    /// A session of the user's own, where the settings have a login for it and it makes a difference.
    pub fn session_of(&self, client: &Client, user: &User) -> Result<Option<Client>, Failure> {
        if matches!(self.list, List::Collection(_)) {
            return Ok(None);
        }
        let login = self.logins.iter().find(|login| user.is_called(&login.user));
        login.map(|login| client.logged_in_as(login, user)).transpose()
    }

    /// Everything that the user watches; rows that make no sense as the reason.
    ///
    /// Fails when no row makes any sense, or when the list is somebody else's.
    pub fn watched_by(
        &self,
        client: &Client,
        types: &ObjectTypes,
        user: &User,
    ) -> Result<Vec<Result<Watched, String>>, Error> {
        let path = match &self.list {
            List::Path(path) => path,
            List::Collection(name) => return Ok(Members::read(client, types, name)?.watched()),
            List::Walk(name) => {
                let question = self.question(user);
                check_is_own(client, &question, user, &[])?;
                return walk::watched(client, &Members::read(client, types, name)?);
            }
        };
        let route = path_for(path, user);
        let rows: Vec<Option<Value>> = client.list_with_nulls(&route).map_err(guessed)?;
        let rows: Vec<Value> = rows.into_iter().map(Option::unwrap_or_default).collect();
        let owned: Vec<(Option<u64>, &Value)> = rows.iter().map(|row| (self.owner_of(row), row)).collect();
        let names_user = route != *path;
        if owned.iter().all(|(owner, _)| *owner != Some(user.id)) {
            let owners: Vec<u64> = owned.iter().filter_map(|(owner, _)| *owner).collect();
            if !names_user {
                check_is_own(client, &route, user, &owners)?;
            } else if !rows.is_empty() && owners.len() == rows.len() {
                let (whose, id) = (user.key(), user.id);
                return Err(Error::NotTheirs(format!(
                    "{route} says what others watch, and no row is of {whose}, who is user {id}; give {whose} a [[watchlist.login]], or set another watchlist.route"
                )));
            }
        }
        let of_user = owned.into_iter().filter(|(owner, _)| owner.is_none_or(|owner| owner == user.id));
        let watched: Vec<Result<Watched, String>> =
            of_user.map(|(_, row)| self.watched(types, row)).collect();
        match watched.first() {
            Some(Err(reason)) if watched.iter().all(Result::is_err) => Err(Error::Nonsense(format!(
                "{route}: no row makes sense as a watched object: {reason}; try --probe"
            ))),
            _ => Ok(watched),
        }
    }

    fn owner_of(&self, row: &Value) -> Option<u64> {
        found(row, self.owner_place.as_deref(), &OWNER_PLACES)
            .and_then(lenient::number)
            .and_then(|id| u64::try_from(id).ok())
    }

    fn watched(&self, types: &ObjectTypes, row: &Value) -> Result<Watched, String> {
        let shown = || escape::words(row.to_string().as_bytes(), 120);
        let type_name = found(row, self.type_place.as_deref(), &TYPE_PLACES).and_then(Value::as_str);
        let id = found(row, self.id_place.as_deref(), &ID_PLACES).and_then(lenient::number);
        let (type_name, id) = match (type_name, id) {
            (Some(type_name), Some(id)) => {
                (types.find(type_name).map_err(|error| error.to_string())?.name.clone(), id)
            }
            // Some rows may name the type in the name of the number: indicator_id.
            _ => types
                .iter()
                .find_map(|one| {
                    Some((one.name.clone(), lenient::number(row.get(format!("{}_id", one.name))?)?))
                })
                .ok_or_else(|| format!("it names no object: {}", shown()))?,
        };
        let id = u64::try_from(id).map_err(|_| format!("its number is none: {}", shown()))?;
        Ok(Watched { type_name, id })
    }
}

/// A list that does not name the user may be that of the login, whoever was asked for: then it must be the user's login.
/// One that names others than the login is of all users.
fn check_is_own(client: &Client, route: &str, user: &User, owners: &[u64]) -> Result<(), Error> {
    let login = match client.get::<User>("/api/users/current", &[]) {
        Ok(answer) => Some(answer.data),
        // A private client is no user, and nothing is its own.
        Err(Error::Refused { .. }) => None,
        Err(error) => return Err(error),
    };
    let is_login = |id: u64| login.as_ref().is_some_and(|login| login.id == id);
    if is_login(user.id) || owners.iter().any(|owner| !is_login(*owner)) {
        return Ok(());
    }
    let login = login.map_or_else(|| "this login".to_owned(), |login| format!("the login {}", login.key()));
    let whose = user.key();
    Err(Error::NotTheirs(format!(
        "{route} says what {login} watches, and maybe not what {whose} does; give {whose} a [[watchlist.login]], or set another watchlist.route"
    )))
}

/// The value at the place that is set, or else at the first likely one that has any.
fn found<'a>(row: &'a Value, set: Option<&str>, likely: &[&str]) -> Option<&'a Value> {
    match set {
        Some(place) => row.pointer(place),
        None => likely.iter().find_map(|place| row.pointer(place)),
    }
}

fn path_for(path: &str, user: &User) -> String {
    path.replace("{user_id}", &user.id.to_string())
}

/// The path with more parameters.
fn with_query(path: &str, query: Option<&str>) -> String {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return path.to_owned() };
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{}", query.trim_start_matches(['?', '&']))
}

fn guessed(error: Error) -> Error {
    match error {
        Error::Refused { route, status, words } => {
            let words = format!("{words} (which route lists a watchlist is not public; try --probe)");
            Error::Refused { route, status, words }
        }
        other => other,
    }
}
