//! A Debian in a folder: packages are installed in it, and commands run as they would there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// As Debian's sudo sets it.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(crate) struct Root {
    folder: PathBuf,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    line: String,
    pub(crate) output: Output,
}

impl Ended {
    /// Asserts success; what was printed.
    #[track_caller]
    pub(crate) fn succeeds(self) -> String {
        assert!(self.output.status.success(), "{self:?}");
        String::from_utf8(self.output.stdout).expect("text")
    }

    /// Asserts success without a word: cron would mail it.
    #[track_caller]
    pub(crate) fn is_silent(self) {
        assert!(
            self.output.stderr.is_empty(),
            "{}: {}",
            self.line,
            String::from_utf8_lossy(&self.output.stderr)
        );
        assert_eq!(self.succeeds(), "");
    }
}

impl Root {
    pub(crate) fn new(folder: &Path) -> Self {
        let folder = folder.to_owned();
        assert!(folder.join("proc/self").exists(), "/proc is mounted in {}", folder.display());
        Self { folder }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path.trim_start_matches('/'))
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes into a file as an editor does: what is there keeps its owner and mode.
    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).expect("a file can be written");
    }

    /// Mode, owner, group and kind of a path.
    #[track_caller]
    pub(crate) fn stat(&self, path: &str) -> String {
        self.run(&format!("stat --format='%a %U:%G %F' {path}")).succeeds().trim_end().to_owned()
    }

    /// Runs a line of shell as root, with nothing on standard input.
    pub(crate) fn run(&self, line: &str) -> Ended {
        self.run_on(line, "")
    }

    pub(crate) fn run_on(&self, line: &str, input: &str) -> Ended {
        self.start("root:root", &[], &[PATH], line, input)
    }

    /// Runs a line as the user of the package.
    pub(crate) fn run_as_user(&self, line: &str) -> Ended {
        self.start("tq-alerts:tq-alerts", &[], &[PATH], line, "")
    }

    /// Runs the command in the package's file for cron as cron does; see crontab(5).
    #[track_caller]
    pub(crate) fn run_cron(&self) -> Ended {
        let table = self.read("/etc/cron.d/tq-alerts");
        let entry = table.lines().last().expect("it has a line");
        let fields: Vec<&str> = entry.splitn(7, ' ').collect();
        let [_, _, _, _, _, user, command] = fields.as_slice() else { panic!("not cron's form: {entry}") };
        let name = format!("LOGNAME={user}");
        let environment = ["PATH=/usr/bin:/bin", "SHELL=/bin/sh", "HOME=/nonexistent", name.as_str()];
        let owner = format!("{user}:{user}");
        self.start(&owner, &[], &environment, command, "")
    }

    /// Installs a package from a file, as in a network of its own without any connection.
    #[track_caller]
    pub(crate) fn install(&self, package: &Path) {
        fs::copy(package, self.path("/tmp/package.deb")).expect("the package is there");
        // Where the default changed as well, dpkg asks; this is the answer that it proposes.
        let line = "dpkg --force-confold --install /tmp/package.deb && rm /tmp/package.deb";
        self.start("root:root", &["unshare", "--net"], &[PATH], line, "").succeeds();
    }

    /// Unpacks the tarball and installs it below /usr/local.
    #[track_caller]
    pub(crate) fn unpack_and_install(&self, tarball: &Path) {
        fs::copy(tarball, self.path("/tmp/tarball.tar.gz")).expect("the tarball is there");
        let line = "cd /tmp && tar xf tarball.tar.gz && tq-alerts-*/scripts/install && rm -r tq-alerts-* tarball.tar.gz";
        self.start("root:root", &["unshare", "--net"], &[PATH], line, "").is_silent();
        for program in [
            "tq-fetch-watchlist",
            "tq-fetch-collection",
            "tq-format-email",
            "tq-format-slack",
            "tq-send-slack",
            "tq-send-smtp",
        ] {
            let said = self.run(&format!("/usr/local/bin/{program} --version")).succeeds();
            assert_eq!(said, format!("{program} {}\n", env!("CARGO_PKG_VERSION")));
        }
    }

    /// The same package with a higher number, and with a line more in the configuration that it brings.
    pub(crate) fn newer(&self, package: &Path, number: u8, line: &str) -> PathBuf {
        let (folder, made) = (self.path("/tmp/newer"), self.path("/tmp/newer.deb"));
        let change = r#"set -e
            rm -rf "$2"; dpkg-deb --raw-extract "$1" "$2"
            sed -i "s/^\(Version: .*-\).*/\1$4/" "$2/DEBIAN/control"
            [ -z "$5" ] || printf '%s\n' "$5" >>"$2/etc/tq-alerts/tq-conn-email-alerts.toml"
            dpkg-deb --root-owner-group -Zgzip -z1 --build "$2" "$3"; rm -r "$2""#;
        let mut shell = Command::new("sh");
        shell.args(["-c", change, "sh"]).arg(package).arg(folder).arg(&made);
        let output = shell.arg(number.to_string()).arg(line).output().expect("there is a shell");
        assert!(output.status.success(), "{output:?}");
        made
    }

    fn start(&self, user: &str, around: &[&str], environment: &[&str], line: &str, input: &str) -> Ended {
        let mut words = around.to_vec();
        let user = format!("--userspec={user}");
        words.extend(["chroot", user.as_str(), self.folder.to_str().expect("a plain name")]);
        words.extend(["/usr/bin/env", "--ignore-environment"]);
        words.extend(environment);
        words.extend(["/bin/sh", "-c", line]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        // One that reads nothing may have ended.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        Ended { line: line.to_owned(), output: child.wait_with_output().expect("it can be waited for") }
    }
}
