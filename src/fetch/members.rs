//! The objects of one type in one data collection: those that are there now, and those that are remembered.

use std::collections::HashSet;
use std::io::Write;

use chrono::{DateTime, Utc};

use super::Library;
use super::findings::{Findings, Unreadable};
use super::source::{Source, entry, forgotten};
use crate::change::{View, changes};
use crate::config::{Notify, Scope};
use crate::exit::Failure;
use crate::record::{self, Alert, Event, Field};
use crate::threatq::{Error, Fields, Object, ObjectType, Paging, Pass, SavedSearch, Selection};

/// One object type of one collection while it is read.
pub(super) struct Reading<'a> {
    pub(super) search: &'a SavedSearch,
    pub(super) object_type: &'a ObjectType,
    pub(super) notify: Notify,
    /// Whether it is told that an object left.
    pub(super) tells_removed: bool,
    /// The folder of these objects' marks.
    pub(super) folder: String,
    /// Whether nothing that is in it now is news, because nothing is known of it.
    pub(super) is_new: bool,
    /// Only what was touched since then is read; all of it where there is none.
    pub(super) since: Option<DateTime<Utc>>,
}

impl Reading<'_> {
    /// Reads the objects until a pass saw them all, and writes each that is news once. The pass, and whether there were
    /// rows that could not be read.
    pub(super) fn read<W: Write>(
        &self,
        library: &Library,
        findings: &mut Findings<W>,
        source: &mut Source,
    ) -> Result<(Pass, bool), Failure> {
        // Every row comes again in the next pass.
        let mut told: HashSet<u64> = HashSet::new();
        let mut unreadable = Unreadable::default();
        let plural = &self.object_type.display_name_plural;
        let fields = self.fields(findings.scope);
        for paging in Paging::PASSES {
            unreadable.begin_pass();
            let each = |row: Result<Object, String>| match row {
                Ok(object) if told.contains(&object.id) => Ok(()),
                Ok(object) => {
                    if self.report(library, findings, source, &object)? {
                        told.insert(object.id);
                    }
                    Ok(())
                }
                Err(reason) => {
                    let complaint = format!("{}: {} {reason}", source.name(), self.object_type.name);
                    unreadable.row(findings, complaint);
                    Ok(())
                }
            };
            let selection = Selection { object_type: self.object_type, since: self.since, fields, paging };
            let pass = self.search.objects::<Failure>(&library.client, &selection, each)?;
            findings.output.flush()?;
            if pass.is_whole() {
                let is_doubtful = unreadable.finish(findings, &format!("{}: {plural}", source.name()));
                return Ok((pass, is_doubtful));
            }
        }
        let passes = Paging::PASSES.len();
        Err(Error::Moving(format!("{plural} changed while they were read, {passes} times")).into())
    }

    /// Lets go of what is remembered and no longer there.
    pub(super) fn let_go<W: Write>(
        &self,
        library: &Library,
        findings: &mut Findings<W>,
        source: &mut Source,
        pass: &Pass,
    ) -> Result<(), Failure> {
        let tells = self.tells_removed && !self.is_new && !findings.scope.baseline;
        findings.gone(
            &self.folder,
            |_, id| pass.has(id),
            |findings, gone| {
                let last_known = if tells { findings.last_known(library, &gone)? } else { None };
                let Some(object) = last_known else {
                    return Ok(source.forget(gone.key, &mut findings.output)?);
                };
                let alert = Alert {
                    collection: Some(self.collection()),
                    marks: vec![forgotten(gone.key)],
                    ..source.about(Event::Removed, object)
                };
                Ok(source.alert(alert, &mut findings.output)?)
            },
        )
    }

    /// Compares one object with what is remembered of it, and writes what is news. True when it was.
    fn report<W: Write>(
        &self,
        library: &Library,
        findings: &mut Findings<W>,
        source: &mut Source,
        object: &Object,
    ) -> Result<bool, Failure> {
        source.saw(object.touched_at);
        let key = format!("{}{}", self.folder, object.id);
        let known: Option<View> = findings.remembered(&key)?;
        // What was remembered of another collection of that name says nothing about this one.
        let before = known.as_ref().filter(|_| !self.is_new);
        let now = self.view(object);
        let (event, changes, is_news) = if let Some(before) = before {
            let changes = changes(before, &now);
            let is_news = self.notify == Notify::Any && (is_touched(before, &now) || !changes.is_empty());
            (Event::Updated, changes, is_news)
        } else {
            let is_news = !self.is_new || findings.scope.reaches(object.touched_at, findings.found_at);
            (Event::Added, Vec::new(), is_news)
        };
        let after = match before {
            Some(before) if self.notify == Notify::Any => now.completed_by(before),
            _ => now,
        };
        if !is_news || findings.scope.baseline {
            if known.as_ref() != Some(&after) {
                source.remember(entry(key, &after)?, &mut findings.output)?;
            }
            return Ok(false);
        }
        let alert = Alert {
            collection: Some(self.collection()),
            changed_at: object.touched_at,
            changes,
            marks: vec![entry(key, &after)?],
            ..source.about(event, object.to_record(self.object_type, &library.link_origin))
        };
        source.alert(alert, &mut findings.output)?;
        Ok(true)
    }

    fn collection(&self) -> record::Collection {
        record::Collection { name: self.search.name.clone(), hash: self.search.hash.clone() }
    }

    /// What must be known of each object: a baseline shows none.
    fn fields(&self, scope: Scope) -> Fields {
        let shows_none = scope.baseline || (self.is_new && !scope.looks_back());
        let remembers_touches = self.notify == Notify::New && !self.tells_removed;
        if shows_none && remembers_touches { Fields::Touched } else { Fields::Shown }
    }

    /// What is remembered of an object: of items whose updates nobody wants to know, only that they are there, and what
    /// they were called where it is told that they left.
    fn view(&self, object: &Object) -> View {
        let mut view = View { touched_at: object.touched_at, ..View::default() };
        if self.notify == Notify::Any {
            view = object.view(self.object_type);
        } else if self.tells_removed {
            view.fields = object.view(self.object_type).fields;
            view.fields.retain(|field, _| *field == Field::Value);
        }
        view
    }
}

/// Whether an object was touched in between, as far as ThreatQ says when. Servers differ in whether the search index
/// shows fractions of a second.
fn is_touched(before: &View, now: &View) -> bool {
    before.touched_at.zip(now.touched_at).is_some_and(|(before, now)| before.timestamp() != now.timestamp())
}
