//! The server itself: headers, its end, TLS, and the program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use threatq_sim::{Settings, Sim, World};

use crate::wire::{Session, connect, reply, request};

#[test]
fn every_answer_has_the_real_date() {
    let reply = Session::demo().get("/api/objects");
    assert!(
        reply.head.lines().any(|line| line.starts_with("date: ") && line.ends_with("gmt")),
        "{}",
        reply.head
    );
}

#[test]
fn a_drop_ends_connections_that_are_kept_alive() {
    let sim = Sim::start(World::demo());
    let mut stream = connect(&sim);
    stream.write_all(b"GET /api/objects HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 401");
    let begun = Instant::now();
    drop(sim);
    assert!(begun.elapsed() < Duration::from_secs(2));
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest);
    assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
}

#[test]
fn the_world_may_change_while_it_is_served() {
    let session = Session::demo();
    session.sim.world().rename("indicators", 8, "8.8.9.0").unwrap();
    assert_eq!(session.get("/api/indicators/8").data()["value"], "8.8.9.0");
}

#[test]
fn two_simulators_do_not_share_a_world() {
    let (one, other) = (Session::demo(), Session::demo());
    one.sim.world().play("added").unwrap();
    assert_eq!(other.get("/api/users/2/watchlist").ids().len(), 1);
    let settings =
        Settings { port: one.sim.url().rsplit(':').next().unwrap().parse().unwrap(), ..Settings::default() };
    assert!(Sim::try_start(World::empty(), settings).is_err(), "the port is taken");
}

#[test]
fn https_is_served_with_the_certificate_it_was_given() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Some((made.cert.pem(), made.signing_key.serialize_pem()));
    let sim = Sim::start_with(World::demo(), Settings { tls, ..Settings::default() });
    let address = sim.url().strip_prefix("https://").unwrap().to_owned();
    // One that never speaks must not hold up the other.
    let _silent = TcpStream::connect(&address).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(&address).unwrap());
    stream.write_all(request("GET", "/api/objects", &[], "").as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Ends without a close_notify when the server is quicker; the answer is whole by its length.
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(reply(&String::from_utf8(answer).unwrap()).status, 401);
    let useless = Settings { tls: Some((String::new(), String::new())), ..Settings::default() };
    assert!(Sim::try_start(World::empty(), useless).is_err());
}

#[test]
fn the_program_prints_its_address_and_ends_with_its_parent() {
    let file = std::env::temp_dir().join(format!("threatq-sim-{}.url", std::process::id()));
    let mut program = Command::new(env!("CARGO_BIN_EXE_threatq-sim"))
        .args(["--empty", "--exit-with-parent", "--port-file"])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(request("GET", "/control/requests", &[], "").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(reply(&answer).status, 200);
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), url);
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn the_program_ends_after_its_lifetime() {
    let program = Command::new(env!("CARGO_BIN_EXE_threatq-sim")).args(["--lifetime", "0"]).output().unwrap();
    assert!(program.status.success());
    assert!(String::from_utf8(program.stdout).unwrap().starts_with("http://127.0.0.1:"));
}
