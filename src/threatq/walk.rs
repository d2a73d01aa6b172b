//! The objects of a data collection in a watchlist's place: all of them, or those that say that the login watches them.
//!
//! That an object's `watchlist` tells what the login watches, and not what others do, is inferred: a public client takes
//! it so. Asking each object takes as many requests as the collection has objects, in every run.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Client, Error, Fields, ObjectType, ObjectTypes, Paging, SavedSearch, SavedSearches, Selection, Watched,
    in_order,
};
use crate::terminal::Progress;

/// The objects of a data collection; those that cannot be read as the reason.
pub(super) struct Members<'a>(Vec<(&'a ObjectType, Result<u64, String>)>);

/// An object, asked who watches it.
#[derive(Deserialize)]
struct Asked {
    watchlist: Option<Vec<Value>>,
}

impl<'a> Members<'a> {
    pub(super) fn read(client: &Client, types: &'a ObjectTypes, name: &str) -> Result<Self, Error> {
        let searches = SavedSearches::read(client)?;
        let search = searches.find(name)?;
        let mut members = Vec::new();
        for object_type in search.object_types(types, &[])? {
            members.extend(members_of(client, search, object_type)?.into_iter().map(|id| (object_type, id)));
        }
        Ok(Self(members))
    }

    /// All of them, as if they were watched.
    pub(super) fn watched(self) -> Vec<Result<Watched, String>> {
        self.0.into_iter().map(|(object_type, id)| Ok(Watched::new(object_type, id?))).collect()
    }
}

/// The objects of one type. A list that moved while it was read is read again.
fn members_of(
    client: &Client,
    search: &SavedSearch,
    object_type: &ObjectType,
) -> Result<Vec<Result<u64, String>>, Error> {
    for paging in Paging::PASSES {
        let mut members = Vec::new();
        let ids = Selection { object_type, since: None, fields: Fields::Touched, paging };
        let pass = search.objects::<Error>(client, &ids, |object| {
            members.push(object.map(|object| object.id));
            Ok(())
        })?;
        if pass.is_whole() {
            return Ok(members);
        }
    }
    Err(Error::Moving(format!("data collection '{}' changed each time while it was read", search.name)))
}

/// Those of the members that the login watches, several requests at a time.
pub(super) fn watched(client: &Client, members: &Members) -> Result<Vec<Result<Watched, String>>, Error> {
    let mut watched = Vec::new();
    let ask = |(object_type, id): &(&ObjectType, Result<u64, String>)| match id {
        Ok(id) => is_watched(client, &Watched::new(object_type, *id), &object_type.collection),
        Err(_) => Ok(true),
    };
    let mut progress = Progress::begin();
    in_order(&members.0, client.at_once(), ask, |(object_type, id), answer| {
        progress.saw(1, Some(members.0.len() as u64));
        match (id, answer) {
            (Err(reason), _) => watched.push(Err(reason.clone())),
            (Ok(id), Ok(true)) => watched.push(Ok(Watched::new(object_type, *id))),
            // One that left while the others were asked.
            (_, Ok(false) | Err(Error::Refused { status: 404 | 410, .. })) => (),
            (_, Err(error)) if error.is_about_one_object() => watched.push(Err(error.to_string())),
            (_, Err(error)) => return Err(error),
        }
        Ok(())
    })?;
    Ok(watched)
}

/// Whether an object says that the login watches it.
pub(super) fn is_watched(client: &Client, object: &Watched, collection: &str) -> Result<bool, Error> {
    let route = format!("/api/{collection}/{}", object.id);
    let answer = client.get::<Asked>(&route, &[("with", "watchlist")])?.data;
    answer.watchlist.map(|entries| !entries.is_empty()).ok_or_else(|| {
        Error::Nonsense(format!("{route}: the answer does not say who watches it (with=watchlist)"))
    })
}
