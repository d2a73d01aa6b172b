//! What a simulator stands on, and this one shares with others: a port on loopback, TLS, bodies that go wrong, and the
//! ways in which its program says where it is and when it ends.
//!
//! Serves on 127.0.0.1 only. Dropping a [`Server`] closes every connection, those kept alive too, and waits for its thread.

mod body;
mod tls;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use clap::Args;
use tokio::sync::oneshot;

pub use body::{Cut, Drip, Pieces, Torn, spaces};

/// How long a drop waits for a request that is being answered.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A thread that serves a router. Dropping it stops it.
pub struct Server {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves on this port, or on a free one where it is 0. `tls` are a certificate chain and its key, both PEM.
    ///
    /// # Errors
    /// When the port is taken, or the certificate or key is of no use.
    pub fn start(port: u16, tls: Option<&(String, String)>, router: Router) -> io::Result<Server> {
        let tls = tls.map(|(certificate, key)| tls::config(certificate, key)).transpose()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
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
        let thread = std::thread::Builder::new().name("simulator".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(LAST_WORDS);
        })?;
        Ok(Server { url, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`, or `https://…` with TLS.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Server {
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

/// Where a simulator's program serves, and for how long: its flags.
#[derive(Args)]
pub struct Place {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Serve https with this certificate chain and key, both PEM
    #[arg(long, num_args = 2, value_names = ["CERT", "KEY"])]
    tls: Vec<PathBuf>,
    /// Write the address to this file as well
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// End when standard input ends
    #[arg(long)]
    exit_with_parent: bool,
    /// End after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    lifetime: u64,
}

impl Place {
    /// The certificate chain and its key, where there are any.
    ///
    /// # Errors
    /// When one of the files cannot be read.
    pub fn tls(&self) -> Result<Option<(String, String)>, String> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        match self.tls.as_slice() {
            [certificate, key] => Ok(Some((read(certificate)?, read(key)?))),
            _ => Ok(None),
        }
    }

    /// Says the address, and returns when it is time to end.
    ///
    /// # Errors
    /// When the address cannot be said.
    pub fn stay(&self, url: &str) -> Result<(), String> {
        announce(url, self.port_file.as_deref())
            .map_err(|error| format!("cannot announce the address: {error}"))?;
        stay(Duration::from_secs(self.lifetime), self.exit_with_parent);
        Ok(())
    }
}

/// Says the address on standard output and in a file, which is complete when it is there: written beside its place, then
/// moved.
fn announce(url: &str, file: Option<&Path>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{url}")?;
    out.flush()?;
    if let Some(path) = file {
        let mut draft = path.to_owned().into_os_string();
        draft.push(".new");
        std::fs::write(&draft, format!("{url}\n"))?;
        std::fs::rename(&draft, path)?;
    }
    Ok(())
}

/// Waits for so long, or until standard input ends where that is the parent's end.
fn stay(lifetime: Duration, exit_with_parent: bool) {
    let (sender, ended) = mpsc::channel::<()>();
    // Held when nobody waits for standard input, so that the lifetime alone ends the wait.
    let _held = sender.clone();
    if exit_with_parent {
        std::thread::spawn(move || {
            drain(io::stdin().lock());
            let _ = sender.send(());
        });
    }
    let _ = ended.recv_timeout(lifetime);
}

fn drain(mut input: impl Read) {
    let mut buffer = [0; 4096];
    while matches!(input.read(&mut buffer), Ok(count) if count > 0) {}
}
