//! A site: a simulated ThreatQ, a private folder with an instance's configuration, and a place where mail goes.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use threatq_sim::{Settings, Sim, World};

use super::program::{Ended, Program, program};

/// A site with the demo's world in its ThreatQ.
pub(crate) struct Site {
    pub(crate) sim: Sim,
    folder: TempDir,
    smtp: String,
}

/// A private folder.
pub(crate) fn private_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("it is ours");
    folder
}

/// A file that holds a secret as the programs want it.
pub(crate) fn secret_file(folder: &Path, name: &str, secret: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("{secret}\n")).expect("a file can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    path
}

impl Site {
    /// The demo's world, and a Maildir for the mail.
    pub(crate) fn new() -> Self {
        Self::with(World::demo(), Settings::default())
    }

    pub(crate) fn with(world: World, settings: Settings) -> Self {
        let site = Self {
            sim: Sim::start_with(world, settings),
            folder: private_folder(),
            smtp: "maildir = \"Maildir\"\n".to_owned(),
        };
        secret_file(site.path(), "password", "watch-and-wait");
        DirBuilder::new().mode(0o700).create(site.path().join("site")).expect("a folder can be made");
        site.write_config("");
        site
    }

    /// Where mail goes, as lines of `[smtp]`.
    pub(crate) fn smtp(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.smtp);
        self.write_config("");
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration, which is the connector's instance "site".
    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("site.toml")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path().join("site/state.db")
    }

    /// Writes the configuration anew, with more lines at its end.
    pub(crate) fn write_config(&self, more: &str) {
        let mut text = String::new();
        write!(
            text,
            "[threatq]\nurl = \"{}\"\nclient_id = \"demo-client\"\nemail = \"ana@example.com\"\n\
             password_file = \"password\"\nlink_host = \"threatq.hostname.com\"\n\
             [watchlist]\nusers = [\"Ana Ortiz\"]\n[[collection]]\nname = \"Ransomware IOCs\"\n\
             [email]\nfrom = \"ThreatQ Alerts <alerts@example.com>\"\nto = [\"ops@example.com\"]\n\
             [smtp]\n{}{more}",
            self.sim.url(),
            self.smtp,
        )
        .expect("a String can be written to");
        fs::write(self.config(), text).expect("a file can be written");
    }

    /// A program with the site's configuration, and its state where it has one.
    pub(crate) fn program(&self, name: &'static str) -> Program {
        let program = program(name).arg("--config").arg(self.config());
        if name.starts_with("tq-format-") { program } else { program.arg("--state").arg(self.state()) }
    }

    /// One run of all stages for one source, one after the other; the last one's end.
    #[track_caller]
    pub(crate) fn run(&self, fetcher: &'static str) -> Ended {
        let alerts = self.program(fetcher).run().ends_with(0);
        let emails = self.program("tq-format-email").run_on(alerts.stdout).ends_with(0);
        self.program("tq-send-smtp").run_on(emails.stdout)
    }

    /// One run of both sources that must succeed.
    #[track_caller]
    pub(crate) fn run_both(&self) {
        self.run("tq-fetch-watchlist").succeeds();
        self.run("tq-fetch-collection").succeeds();
    }

    /// Lets a scene of the demo happen.
    #[track_caller]
    pub(crate) fn play(&self, scene: &str) {
        self.sim.world().play(scene).expect("the demo's world has the scene");
    }

    /// The mails in the Maildir.
    pub(crate) fn mails(&self) -> Vec<String> {
        let Ok(files) = fs::read_dir(self.path().join("Maildir/new")) else {
            return Vec::new();
        };
        files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("a mail is text")).collect()
    }

    /// The subjects of the mails in the Maildir, sorted.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let subject = |mail: &String| {
            let line = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
            line.expect("a mail has a subject").to_owned()
        };
        let mut subjects: Vec<String> = self.mails().iter().map(subject).collect();
        subjects.sort();
        subjects
    }
}
