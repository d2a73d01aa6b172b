//! Where secrets come from: files, programs, and what systemd hands over.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::program::Program;
use crate::support::relay::{AuthRule, Relay, Script};
use crate::support::site::{Site, private_folder, secret_file};

/// A site whose ThreatQ password comes from elsewhere.
fn site_with(password: &str) -> Site {
    let site = Site::new();
    let text = fs::read_to_string(site.config()).expect("the configuration");
    fs::write(site.config(), text.replace("password_file = \"password\"\n", password)).expect("it is ours");
    site
}

fn fetch(site: &Site) -> Program {
    site.program("tq-fetch-watchlist")
}

#[test]
fn threatqs_password_may_be_printed_by_a_program() {
    fetch(&site_with("password_command = [\"echo\", \"watch-and-wait\"]\n")).run().succeeds();
    let site = site_with("password_command = [\"echo\", \"something else\"]\n");
    fetch(&site).run().ends_with(77);
    // A flag takes the place of both kinds in the file.
    fetch(&site).arg("--password-file").arg(site.path().join("password")).run().succeeds();
    let both = site_with("password_file = \"password\"\npassword_command = [\"echo\", \"x\"]\n");
    fetch(&both)
        .run()
        .ends_with(78)
        .complains(&["threatq.password_file and threatq.password_command are both set"]);
    fetch(&site_with("password_command = [\"false\"]\n")).run().ends_with(75).complains(&["false: "]);
    let none = site_with("password_command = [\"/nowhere/pass\"]\n");
    fetch(&none).run().ends_with(78).complains(&["/nowhere/pass: "]);
    let empty = site_with("client_secret_command = [\"true\"]\n");
    fetch(&empty).run().ends_with(75).complains(&["true: printed nothing"]);
}

#[test]
fn the_relays_password_may_be_printed_by_a_program() {
    for (password, status) in [("sesame", 0), ("simsim", 77)] {
        let relay = Relay::start(Script::new().auth(AuthRule::Password("alerts", "sesame")));
        let lines = format!(
            "host = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nusername = \"alerts\"\n\
             password_command = [\"echo\", \"{password}\"]\n",
            relay.port()
        );
        let site = Site::new().smtp(&lines);
        site.program("tq-send-smtp").arg("--check").run().ends_with(status);
    }
}

#[test]
fn a_credential_that_systemd_hands_over_is_read_whoever_owns_it() {
    let site = Site::new();
    fs::remove_file(site.path().join("password")).expect("it is there");
    fetch(&site).run().ends_with(78);
    let credentials = private_folder();
    let secret = secret_file(credentials.path(), "password", "watch-and-wait");
    // As systemd leaves it where it gives the service access by a list.
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o440)).expect("it is ours");
    let folder = credentials.path().display().to_string();
    fetch(&site).env("CREDENTIALS_DIRECTORY", &folder).run().succeeds();
    fetch(&site).arg("--password-file").arg(&secret).run().ends_with(78).complains(&["chmod 600"]);
    // A path is not a name.
    let site = site_with("password_file = \"./password\"\n");
    fs::remove_file(site.path().join("password")).expect("it is there");
    fetch(&site).env("CREDENTIALS_DIRECTORY", &folder).run().ends_with(78);
}
