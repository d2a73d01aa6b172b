//! What a query's `fields` ask for, made ready for the rows of one object type.

use crate::settings::{Settings, Star};

const LISTS: [&str; 4] = ["attributes", "comments", "sources", "tags"];
/// Those that section 7.5 of the API reference says come on request only.
const ON_REQUEST: [&str; 2] = ["attributes", "sources"];

/// What a row shall have. None asked: everything, and `type` and `status` are objects.
#[derive(Debug, Default)]
pub struct Fields {
    names: Vec<(String, Option<String>)>,
    asked: bool,
    lists_on_request: bool,
}

/// A member of a row.
#[derive(Debug)]
pub enum Part<'f> {
    Column(&'static str),
    Score,
    Type,
    Status,
    /// A list and the members wanted of its rows; None: all.
    List(&'static str, Option<Vec<&'f str>>),
}

impl Fields {
    /// Names may be `attributes.name`; `*` stands for everything but the lists, where it is known.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n str>, settings: &Settings) -> Result<Fields, String> {
        let split = |name: &str| match name.split_once('.') {
            Some((list, member)) => (list.to_owned(), Some(member.to_owned())),
            None => (name.to_owned(), None),
        };
        let names = names.into_iter().map(str::trim).filter(|name| !name.is_empty());
        let mut names: Vec<_> = names.map(split).collect();
        let asked = !names.is_empty();
        if settings.star != Star::Known && names.iter().any(|(name, _)| name == "*") {
            if settings.star == Star::Refused {
                return Err("no field \"*\"".into());
            }
            names.retain(|(name, _)| name != "*");
        }
        Ok(Fields { names, asked, lists_on_request: settings.lists_on_request })
    }

    /// Whether any field was named.
    pub fn asked(&self) -> bool {
        self.asked
    }

    /// The members that a row with these columns shall have.
    pub fn parts(&self, columns: &[&'static str]) -> Vec<Part<'_>> {
        let columns = columns.iter().map(|name| (*name, Part::Column(name)));
        let extras = [("score", Part::Score), ("status", Part::Status), ("type", Part::Type)];
        let lists = LISTS.map(|name| (name, Part::List(name, self.members(name))));
        let all = columns.chain(extras).chain(lists);
        all.filter(|(name, _)| self.has(name)).map(|(_, part)| part).collect()
    }

    fn has(&self, name: &str) -> bool {
        if !self.asked {
            return !(self.lists_on_request && ON_REQUEST.contains(&name));
        }
        self.names.iter().any(|(asked, _)| asked == name || (asked == "*" && !LISTS.contains(&name)))
    }

    fn members(&self, list: &str) -> Option<Vec<&str>> {
        let asked = || self.names.iter().filter(|(asked, _)| asked == list);
        if asked().any(|(_, member)| member.is_none()) || !self.asked {
            return None;
        }
        Some(asked().filter_map(|(_, member)| member.as_deref()).collect())
    }
}
