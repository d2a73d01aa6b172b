//! Commands done on the world: one line for each.

use serde_json::{Value, json};

use super::command::{Command, Who};
use crate::world::World;

/// What a change gave back.
pub enum Done {
    Plainly,
    Id(u64),
    Hash(String),
}

impl Done {
    pub fn answer(self) -> Value {
        match self {
            Done::Plainly => json!({"ok": true}),
            Done::Id(id) => json!({"ok": true, "id": id}),
            Done::Hash(hash) => json!({"ok": true, "hash": hash}),
        }
    }
}

impl From<()> for Done {
    fn from((): ()) -> Done {
        Done::Plainly
    }
}

impl From<u64> for Done {
    fn from(id: u64) -> Done {
        Done::Id(id)
    }
}

impl From<String> for Done {
    fn from(hash: String) -> Done {
        Done::Hash(hash)
    }
}

pub fn change(world: &mut World, command: Command) -> Result<Done, String> {
    use Command as C;
    Ok(match command {
        C::SetClock { to } => world.set_clock(&to)?.into(),
        C::Advance { seconds } => {
            world.advance(seconds);
            Done::Plainly
        }
        C::Play { name } => world.play(&name)?.into(),
        C::AddUser { email, display_name, password, client_id } => {
            world.add_user(&email, &display_name, &password, &client_id)?.into()
        }
        C::RenameUser { user, display_name } => {
            let user = user.id(world)?;
            world.rename_user(user, &display_name)?.into()
        }
        C::SetPassword { user, password } => {
            let user = user.id(world)?;
            world.set_password(user, &password)?.into()
        }
        C::SetClient { client_id, client_secret } => {
            world.set_client(&client_id, &client_secret);
            Done::Plainly
        }
        C::AddObjectType { code, display_name, plural } => {
            world.add_object_type(&code, &display_name, &plural)?.into()
        }
        C::AddIndicator { id, value, type_name } => world.add_indicator(id, &value, &type_name)?.into(),
        C::AddObject { collection, id, name } => world.add_object(&collection, id, &name)?.into(),
        C::RemoveObject { collection, id } => world.remove_object(&collection, id)?.into(),
        C::SetStatus { collection, id, status } => world.set_status(&collection, id, &status)?.into(),
        C::SetType { collection, id, type_name } => world.set_type(&collection, id, &type_name)?.into(),
        C::SetScore { collection, id, score } => world.set_score(&collection, id, score)?.into(),
        C::SetGeneratedScore { collection, id, score } => {
            world.set_generated_score(&collection, id, score)?.into()
        }
        C::SetDescription { collection, id, description } => {
            world.set_description(&collection, id, description.as_deref())?.into()
        }
        C::Rename { collection, id, name } => world.rename(&collection, id, &name)?.into(),
        C::SetStamp { collection, id, column, to } => world.set_stamp(&collection, id, &column, &to)?.into(),
        other => return change_relation(world, other),
    })
}

fn change_relation(world: &mut World, command: Command) -> Result<Done, String> {
    use Command as C;
    Ok(match command {
        C::AddAttribute { collection, id, name, value } => {
            world.add_attribute(&collection, id, &name, &value)?.into()
        }
        C::SetAttribute { collection, id, attribute, value } => {
            world.set_attribute(&collection, id, attribute, &value)?.into()
        }
        C::RemoveAttribute { collection, id, attribute } => {
            world.remove_attribute(&collection, id, attribute)?.into()
        }
        C::AddComment { collection, id, user, text } => {
            let user = user.id(world)?;
            world.add_comment(&collection, id, user, &text)?.into()
        }
        C::EditComment { collection, id, comment, text } => {
            world.edit_comment(&collection, id, comment, &text)?.into()
        }
        C::RemoveComment { collection, id, comment } => {
            world.remove_comment(&collection, id, comment)?.into()
        }
        C::AddTag { collection, id, tag } => world.add_tag(&collection, id, &tag)?.into(),
        C::RemoveTag { collection, id, tag } => world.remove_tag(&collection, id, &tag)?.into(),
        C::AddSource { collection, id, source, tlp } => {
            world.add_source(&collection, id, &source, tlp.as_deref())?.into()
        }
        C::RemoveSource { collection, id, source } => world.remove_source(&collection, id, &source)?.into(),
        C::Relate { collection, id, other_collection, other_id } => {
            world.relate(&collection, id, &other_collection, other_id)?.into()
        }
        C::Unrelate { collection, id, other_collection, other_id } => {
            world.unrelate(&collection, id, &other_collection, other_id)?.into()
        }
        C::Watch { user, collection, id } => {
            let user = user.id(world)?;
            world.watch(user, &collection, id)?.into()
        }
        C::Unwatch { user, collection, id } => {
            let user = user.id(world)?;
            world.unwatch(user, &collection, id)?.into()
        }
        C::SpoilRow { collection, id, members, without } => {
            world.spoil_row(&collection, id, members, &words(&without))?.into()
        }
        C::WatchGenerated { user, count } => {
            let user = user.id(world)?;
            world.watch_generated(user, count)?.into()
        }
        other => return change_search(world, other),
    })
}

fn change_search(world: &mut World, command: Command) -> Result<Done, String> {
    use Command as C;
    Ok(match command {
        C::AddSavedSearch { user, name, objects, query, shared } => {
            let user = user.id(world)?;
            world.add_saved_search(user, &name, &words(&objects), query, shared)?.into()
        }
        C::SetSavedSearchQuery { search, query } => world.set_saved_search_query(&search, query)?.into(),
        C::SetSavedSearchObjects { search, objects } => {
            world.set_saved_search_objects(&search, &words(&objects))?.into()
        }
        C::RenameSavedSearch { search, name } => world.rename_saved_search(&search, &name)?.into(),
        C::ShareSavedSearch { search, shared } => world.share_saved_search(&search, shared)?.into(),
        C::RemoveSavedSearch { search } => world.remove_saved_search(&search)?.into(),
        other => return Err(format!("not a change of the world: {other:?}")),
    })
}

fn words(objects: &[String]) -> Vec<&str> {
    objects.iter().map(String::as_str).collect()
}

impl Who {
    fn id(&self, world: &World) -> Result<u64, String> {
        match self {
            Who::Id(id) => Ok(*id),
            Who::Email(email) => Ok(world.user_by_email(email)?.id),
        }
    }
}
