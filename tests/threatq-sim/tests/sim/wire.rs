//! A small HTTP client: one request per connection, and what came back.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use threatq_sim::{Settings, Sim, World};

pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    /// The ids of the rows, in order.
    pub fn ids(&self) -> Vec<u64> {
        let data = self.data();
        data.as_array().unwrap().iter().filter_map(|row| row["id"].as_u64()).collect()
    }
}

pub fn connect(sim: &Sim) -> TcpStream {
    TcpStream::connect(sim.url().strip_prefix("http://").unwrap()).unwrap()
}

/// Sends a request with these header lines and reads to the end of the connection.
pub fn send(sim: &Sim, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
    reply(&String::from_utf8(send_raw(sim, method, path, headers, body)).unwrap())
}

/// The same, and what came back as it came.
pub fn send_raw(sim: &Sim, method: &str, path: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let mut stream = connect(sim);
    stream.write_all(request(method, path, headers, body).as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Sends commands to the control route, which must do them.
pub fn control(sim: &Sim, commands: &Value) -> Value {
    let reply = send(sim, "POST", "/control", &[], &commands.to_string());
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

pub fn request(method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    )
}

pub fn reply(text: &str) -> Reply {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// A simulator and a token of Ana's.
pub struct Session {
    pub sim: Sim,
    pub token: String,
}

impl Session {
    pub fn demo() -> Session {
        Session::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Session {
        Session::serving(World::demo(), settings)
    }

    pub fn serving(world: World, settings: Settings) -> Session {
        let sim = Sim::start_with(world, settings);
        let token = log_in(&sim, "ana@example.com", "watch-and-wait");
        Session { sim, token }
    }

    pub fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        send(&self.sim, method, path, &[&self.bearer()], body)
    }

    pub fn bearer(&self) -> String {
        format!("authorization: Bearer {}", self.token)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, &body.to_string())
    }

    pub fn query(&self, address: &str, filters: Value) -> Reply {
        self.post(&format!("/api/{address}"), &json!({"criteria": {}, "filters": filters}))
    }

    /// Ana's demo with one change to its world.
    pub fn change<T: std::fmt::Debug>(&self, change: impl FnOnce(&mut World) -> Result<T, String>) -> T {
        change(&mut self.sim.world()).unwrap()
    }
}

pub fn log_in(sim: &Sim, email: &str, password: &str) -> String {
    let path = "/api/token?grant_type=password&client_id=demo-client";
    let body = json!({"email": email, "password": password}).to_string();
    let reply = send(sim, "POST", path, &[], &body);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

pub fn client_token(sim: &Sim) -> String {
    // demo-private:demo-private-secret
    let basic = "authorization: Basic ZGVtby1wcml2YXRlOmRlbW8tcHJpdmF0ZS1zZWNyZXQ=";
    let reply = send(sim, "POST", "/api/token?grant_type=client_credentials", &[basic], "[\"ignored\"]");
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["access_token"].as_str().unwrap().to_owned()
}
