//! A running simulator: its thread, its port, and its end.
//!
//! Serves on 127.0.0.1 only. Dropping it closes every connection, those kept alive too, and waits for its thread.

mod body;
mod gzip;
mod reply;
mod tls;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::sync::oneshot;

use crate::fault::{Fault, Faults};
use crate::later::Later;
use crate::log::{Log, Request};
use crate::routes::Shared;
use crate::settings::Settings;
use crate::tokens::Tokens;
use crate::{World, locked};

/// How long a drop waits for a request that is being answered.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A running simulator. Dropping it stops it.
pub struct Sim {
    shared: Arc<Shared>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
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
        let tls =
            settings.tls.as_ref().map(|(certificate, key)| tls::config(certificate, key)).transpose()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))?;
        listener.set_nonblocking(true)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            faults: Mutex::new(Faults::new(settings.fail_next.clone())),
            agenda: Mutex::default(),
            settings: Mutex::new(Arc::new(settings)),
            tokens: Mutex::new(Tokens::default()),
            log: Log::default(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let router = Router::new().fallback(reply::handle).with_state(Arc::clone(&shared));
        let serve = async move {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                return;
            };
            // Without this, an answer in two writes waits for a delayed acknowledgement.
            let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
            let _ = match tls {
                Some(tls) => axum::serve(tls::TlsListener::new(listener, tls), router).await,
                None => axum::serve(listener, router).await,
            };
        };
        let thread = std::thread::Builder::new().name("threatq-sim".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(LAST_WORDS);
        })?;
        Ok(Sim { shared, url, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`, or `https://…` with TLS.
    pub fn url(&self) -> String {
        self.url.clone()
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

impl Drop for Sim {
    fn drop(&mut self) {
        // Both fail only when the thread has ended already.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
