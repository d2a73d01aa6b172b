//! A running simulator: the world that it serves, and what a test does with it.

mod gzip;
mod reply;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;

use crate::fault::{Fault, Faults};
use crate::later::Later;
use crate::log::{Log, Request};
use crate::routes::Shared;
use crate::serve::Server;
use crate::settings::Settings;
use crate::tokens::Tokens;
use crate::{World, locked};

/// A running simulator. Dropping it stops it.
pub struct Sim {
    shared: Arc<Shared>,
    server: Server,
}

impl Sim {
    /// Serves a world over http on a free port.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn start(world: World) -> Sim {
        Sim::start_with(world, Settings::default())
    }

    /// # Panics
    /// When the port is taken, or the certificate or key is of no use; [`Sim::try_start`] says so instead.
    pub fn start_with(world: World, settings: Settings) -> Sim {
        match Sim::try_start(world, settings) {
            Ok(sim) => sim,
            Err(error) => panic!("the simulator does not start: {error}"),
        }
    }

    pub fn try_start(world: World, settings: Settings) -> io::Result<Sim> {
        let (port, tls) = (settings.port, settings.tls.clone());
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            faults: Mutex::new(Faults::new(settings.fail_next.clone())),
            agenda: Mutex::default(),
            settings: Mutex::new(Arc::new(settings)),
            tokens: Mutex::new(Tokens::default()),
            log: Log::default(),
        });
        let router = Router::new().fallback(reply::handle).with_state(Arc::clone(&shared));
        let server = Server::start(port, tls.as_ref(), router)?;
        Ok(Sim { shared, server })
    }

    /// `http://127.0.0.1:PORT`, or `https://…` with TLS.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The world, held still: requests wait until the guard is dropped.
    pub fn world(&self) -> MutexGuard<'_, World> {
        locked(&self.shared.world)
    }

    /// What was asked so far, in order of arrival, without `/control`.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.requests()
    }

    pub fn clear_requests(&self) {
        self.shared.log.clear();
    }

    /// Queues a fault.
    pub fn fault(&self, fault: Fault) {
        locked(&self.shared.faults).push(fault);
    }

    /// Forgets the faults that have not struck.
    pub fn clear_faults(&self) {
        locked(&self.shared.faults).clear();
    }

    /// Turns knobs while the simulator runs; those of the socket stay as they were when it started.
    pub fn turn(&self, change: impl FnOnce(&mut Settings)) {
        change(Arc::make_mut(&mut locked(&self.shared.settings)));
    }

    /// Changes the world after every `requests` answered requests below `path_prefix`, `times` times: what a client meets
    /// when rows move while it pages. A change that fails turns the answer before it into a 500.
    pub fn after<T>(
        &self,
        path_prefix: &str,
        requests: usize,
        times: usize,
        mut change: impl FnMut(&mut World) -> Result<T, String> + Send + 'static,
    ) {
        let change = Box::new(move |world: &mut World| change(world).map(drop));
        locked(&self.shared.agenda).push(Later::new(path_prefix, requests, times, change));
    }

    /// Makes every token worthless, as a restart of the appliance might.
    pub fn revoke_tokens(&self) {
        locked(&self.shared.tokens).revoke_all();
    }
}
