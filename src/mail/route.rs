//! Who gets an alert, and how much of it: the configured routes, and `email.to` for what no route takes.
//!
//! An alert is routed first and put into mails second, so a mail holds nothing that was not routed to its recipients.
//! Fails with 78 for a route without recipients, or with an address that is none.

use std::rc::Rc;

use super::mime::mailbox;
use crate::config::{self, Defang, Mode, Tlp};
use crate::escape;
use crate::exit::{Failure, Status};
use crate::item::{Discretion, tlp};
use crate::record::{Alert, Watcher};

/// Those who get the same mails.
#[derive(Debug)]
pub(super) struct Audience {
    /// Which route; none for `email.to`.
    pub(super) route: Option<usize>,
    pub(super) to: Vec<String>,
    pub(super) cc: Vec<String>,
    pub(super) bcc: Vec<String>,
    pub(super) template: Option<String>,
    pub(super) defang: Defang,
    /// Whether they are told nothing of any item but that it is there.
    pub(super) hides: bool,
}

/// An alert for one audience.
pub(super) struct Delivery {
    pub(super) audience: Rc<Audience>,
    /// Whether they are told nothing of this item but that it is there.
    pub(super) hides: bool,
}

struct Route {
    place: Option<usize>,
    wanted: config::Route,
    audiences: Vec<Rc<Audience>>,
    defang: Defang,
    discretion: Discretion,
}

/// All routes, in the order of the configuration.
pub(super) struct Routes {
    routes: Vec<Route>,
    rest: Route,
}

impl Routes {
    /// Checks the routes; what they leave out is as `[email]` has it.
    pub(super) fn new(
        email: &config::Email,
        to: Vec<String>,
        routes: Vec<config::Route>,
    ) -> Result<Self, Failure> {
        let rest = config::Route { to, ..config::Route::default() };
        let routes =
            routes.into_iter().enumerate().map(|(place, route)| Route::new(Some(place), route, email));
        Ok(Self { routes: routes.collect::<Result<_, _>>()?, rest: Route::new(None, rest, email)? })
    }

    /// The folders of templates that the routes name.
    pub(super) fn templates(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().filter_map(|route| route.wanted.template.as_deref())
    }

    /// The ways of defanging that are asked for.
    pub(super) fn defangs(&self) -> impl Iterator<Item = Defang> {
        self.routes.iter().chain([&self.rest]).map(|route| route.defang)
    }

    /// Who gets an alert. Nobody, where its TLP is refused everywhere.
    pub(super) fn of(&self, alert: &Alert) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for route in &self.routes {
            route.deliver(alert, &mut deliveries);
        }
        if deliveries.is_empty() {
            self.rest.deliver(alert, &mut deliveries);
        }
        deliveries
    }
}

impl Route {
    fn new(place: Option<usize>, wanted: config::Route, email: &config::Email) -> Result<Self, Failure> {
        let name = place.map_or("email".to_owned(), |place| format!("route {}", place + 1));
        let refused = |reason: String| Failure::new(Status::Config, format!("{name}: {reason}"));
        for (key, list) in [("to", &wanted.to), ("cc", &wanted.cc), ("bcc", &wanted.bcc)] {
            for address in list {
                mailbox(address).map_err(|reason| refused(format!("{key}: {reason}")))?;
            }
        }
        let named = wanted.to.iter().chain(&wanted.cc).chain(&wanted.bcc).count();
        if named == 0 && !wanted.to_watchers {
            return Err(refused("it leads to nobody: set to, cc, bcc or to_watchers".to_owned()));
        }
        if let Some(folder) = &wanted.template
            && (folder.is_empty() || folder.starts_with(['.', '_', '/']) || folder.contains(['/', '\\']))
        {
            return Err(refused(format!(
                "template: '{}' is not the name of a folder",
                escape::visible(folder)
            )));
        }
        let mut route = Self {
            place,
            defang: wanted.defang.or(email.defang).unwrap_or_default(),
            discretion: Discretion::new(
                wanted.details.or(email.details),
                wanted.hide_tlp.clone().or_else(|| email.hide_tlp.clone()),
                wanted.refuse_tlp.clone().or_else(|| email.refuse_tlp.clone()),
            ),
            audiences: Vec::new(),
            wanted,
        };
        let mode = route.wanted.mode.or(email.mode).unwrap_or_default();
        route.audiences = route.share(mode).into_iter().map(Rc::new).collect();
        Ok(route)
    }

    /// Who of the recipients shares a mail with whom.
    fn share(&self, mode: Mode) -> Vec<Audience> {
        let config::Route { to, cc, bcc, .. } = &self.wanted;
        let all = || to.iter().chain(cc).chain(bcc).cloned();
        let to = match mode {
            _ if all().next().is_none() => return Vec::new(),
            Mode::Shared => {
                return vec![Audience { cc: cc.clone(), bcc: bcc.clone(), ..self.audience(to.clone()) }];
            }
            Mode::Bcc => return vec![Audience { bcc: all().collect(), ..self.audience(Vec::new()) }],
            Mode::Individual => all(),
        };
        to.map(|one| self.audience(vec![one])).collect()
    }

    fn audience(&self, to: Vec<String>) -> Audience {
        Audience {
            route: self.place,
            to,
            cc: Vec::new(),
            bcc: Vec::new(),
            template: self.wanted.template.clone(),
            defang: self.defang,
            hides: self.discretion.hides_all(),
        }
    }

    fn deliver(&self, alert: &Alert, deliveries: &mut Vec<Delivery>) {
        let tlp = tlp(alert);
        if !self.takes(alert, tlp) || self.discretion.refuses(tlp) {
            return;
        }
        let hides = self.discretion.hides(tlp);
        for audience in &self.audiences {
            deliveries.push(Delivery { audience: Rc::clone(audience), hides });
        }
        if !self.wanted.to_watchers {
            return;
        }
        let mut told: Vec<&str> = Vec::new();
        for watcher in alert.watchers.iter().filter(|watcher| self.wants(watcher)) {
            let Some(address) = watcher.email.as_deref().filter(|address| !told.contains(address)) else {
                continue;
            };
            match mailbox(address) {
                Ok(_) => {
                    told.push(address);
                    let audience = Rc::new(self.audience(vec![address.to_owned()]));
                    deliveries.push(Delivery { audience, hides });
                }
                Err(reason) => tracing::warn!("a watcher gets no mail: {reason}"),
            }
        }
    }

    fn wants(&self, watcher: &Watcher) -> bool {
        let names = &self.wanted.watchers;
        names.is_empty()
            || is_among(&watcher.name, names)
            || watcher.email.as_deref().is_some_and(|email| is_among(email, names))
    }

    /// Whether an alert satisfies every condition.
    fn takes(&self, alert: &Alert, tlp: Tlp) -> bool {
        let wanted = &self.wanted;
        let object = &alert.object;
        let among = |value: Option<&str>, list: &[String]| {
            list.is_empty() || value.is_some_and(|value| is_among(value, list))
        };
        let is_of_type =
            [Some(&object.kind), Some(&object.type_name), Some(&object.type_plural), object.subtype.as_ref()]
                .into_iter()
                .flatten()
                .any(|name| among(Some(name), &wanted.types));
        let is_in_collection = wanted.collections.is_empty()
            || alert.collection.as_ref().is_some_and(|collection| {
                is_among(&collection.name, &wanted.collections)
                    || collection.hash.as_ref().is_some_and(|hash| wanted.collections.contains(hash))
            });
        let has_tag =
            wanted.tags.is_empty() || object.tags.iter().flatten().any(|tag| is_among(tag, &wanted.tags));
        (wanted.watchers.is_empty() || alert.watchers.iter().any(|watcher| self.wants(watcher)))
            && is_in_collection
            && is_of_type
            && among(object.status.as_deref(), &wanted.statuses)
            && wanted.min_score.is_none_or(|least| object.score.is_some_and(|score| score >= least))
            && wanted.max_score.is_none_or(|most| object.score.is_some_and(|score| score <= most))
            && (wanted.tlp.is_empty() || wanted.tlp.contains(&tlp))
            && has_tag
    }
}

fn is_among(value: &str, list: &[String]) -> bool {
    list.iter().any(|one| one.to_lowercase() == value.to_lowercase())
}
