//! A real mail server of another family for one test: Exim, which checks logins itself and delivers into a Maildir.
//!
//! Lives in a folder of its own under /tmp, on free ports of 127.0.0.1. Needs root, the user Debian-exim and the program
//! that `scripts/test` unpacks. Ends with its value, and also when the test process is killed. A start that fails panics
//! with what Exim said.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::certificates::Certificates;
use super::keeper::Keeper;
use super::postfix::free_port;
use super::program::eventually;

/// Runs Exim until standard input ends: that is when [`Exim`] is dropped or its process has died in whatever way.
const KEEPER: &str = r#"
setsid "$2" -C "$1/exim.conf" -bdf -q10s & exim=$!
read -r end
kill -s KILL -- "$exim" "-$exim"
wait
rm -rf "$1" || rm -rf "$1"
"#;

/// A running Exim for the domain example.com.
///
/// `ops@example.com` may log in with [`Exim::PASSWORD`], under TLS only. A recipient that begins with `reject` is refused
/// with 550 5.1.1, one that begins with `tempfail` with 450 4.2.0, one that begins with `drop` ends the session with
/// 421; a mail whose subject holds `reject-data` is refused with 554 after the dot, and `defer-data` with 451.
pub(crate) struct Exim {
    /// STARTTLS, then a login by PLAIN or LOGIN.
    pub starttls_port: u16,
    /// The same with TLS from the first byte.
    pub tls_port: u16,
    ca_file: PathBuf,
    _keeper: Keeper,
    folder: TempDir,
}

impl Exim {
    pub(crate) const PASSWORD: &str = "secret";

    /// Starts it, offering these ways to log in, and returns when it listens.
    pub(crate) fn start(mechanisms: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/exim/usr/sbin/exim4");
        assert!(program.exists(), "{} is missing: run scripts/test once", program.display());
        // Not TMPDIR: the user Debian-exim must be able to reach it.
        let folder = TempDir::with_prefix_in("tq-exim-", "/tmp").expect("/tmp is writable");
        let root = folder.path();
        let ports = [free_port(), free_port()];
        let (ca_file, certificate, key) = Certificates::for_names(&["localhost", "127.0.0.1"]).write_to(root);
        let owner = exim_user();
        for name in ["spool", "log", "mail"] {
            fs::create_dir(root.join(name)).expect("the folder is ours");
            chown(root.join(name), Some(owner), None).expect("root may give files away");
        }
        chown(key, Some(owner), None).expect("root may give files away");
        for path in [root, &certificate] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).expect("it is ours");
        }
        let ways = mechanisms.iter().flat_map(|one| ["$AUTH_", one]).collect::<String>();
        let config = CONF
            .replace("$WAYS", &ways)
            .replace("$AUTH_PLAIN", PLAIN)
            .replace("$AUTH_LOGIN", LOGIN)
            .replace("$D", root.to_str().expect("a name under /tmp is UTF-8"))
            .replace("$EXIM", program.to_str().expect("the repository's path is UTF-8"))
            .replace("STARTTLS_PORT", &ports[0].to_string())
            .replace("IMPLICIT_PORT", &ports[1].to_string())
            .replace("PASSWORD", Self::PASSWORD);
        fs::write(root.join("exim.conf"), config).expect("the folder is ours");
        fs::set_permissions(root.join("exim.conf"), Permissions::from_mode(0o644)).expect("it is ours");
        let keeper = Keeper::run(KEEPER, &[root.as_os_str(), program.as_os_str()], &root.join("output"));
        let exim = Self { starttls_port: ports[0], tls_port: ports[1], ca_file, _keeper: keeper, folder };
        for port in ports {
            eventually(&format!("Exim listens: {}", exim.said()), || {
                TcpStream::connect(("127.0.0.1", port)).is_ok() || exim.said().contains("failed")
            });
        }
        assert_eq!(exim.said(), "");
        exim
    }

    /// The CA to trust, as a PEM file; the certificate names localhost and 127.0.0.1.
    pub(crate) fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// The mails that were delivered, once there are so many.
    #[track_caller]
    pub(crate) fn mails(&self, count: usize) -> Vec<String> {
        let folder = self.folder.path().join("mail/new");
        let files =
            || -> Vec<fs::DirEntry> { fs::read_dir(&folder).into_iter().flatten().flatten().collect() };
        eventually("the mails are delivered", || files().len() >= count);
        let read = |file: fs::DirEntry| fs::read_to_string(file.path()).expect("our mails are ASCII");
        files().into_iter().map(read).collect()
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).unwrap_or_default()
    }
}

/// The number of the user that Exim runs as, which is built into it.
fn exim_user() -> u32 {
    let users = fs::read_to_string("/etc/passwd").expect("there are users");
    let line = users.lines().find(|line| line.starts_with("Debian-exim:"));
    let number = line.and_then(|line| line.split(':').nth(2)).and_then(|number| number.parse().ok());
    number.expect("there is no user Debian-exim: run scripts/test once")
}

const CONF: &str = r"
primary_hostname = mx.test
spool_directory = $D/spool
log_file_path = $D/log/%slog
exim_path = $EXIM
pid_file_path = $D/spool/exim.pid
daemon_smtp_ports = STARTTLS_PORT : IMPLICIT_PORT
tls_on_connect_ports = IMPLICIT_PORT
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = $D/cert.pem
tls_privatekey = $D/key.pem
never_users = root
trusted_users = root
host_lookup =
rfc1413_hosts =
dns_ipv4_lookup = *
# A client that talks out of turn is refused.
smtp_enforce_sync = true
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
message_size_limit = 1M
auth_advertise_hosts = ${if def:tls_in_cipher{*}{}}
acl_smtp_auth = accept
acl_smtp_mail = check_mail
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
keep_environment =
begin acl
check_mail:
  deny condition = ${if !def:authenticated_id}
       message = 530 5.7.0 Authentication required
  accept
check_rcpt:
  defer local_parts = ^tempfail
        message = 450 4.2.0 greylisted, try later
  deny  local_parts = ^reject
        message = 550 5.1.1 no such user
  drop  local_parts = ^drop
        message = 421 4.3.2 shutting down
  accept
check_data:
  deny  condition = ${if match{$h_subject:}{reject-data}}
        message = 554 5.6.0 content rejected
  defer condition = ${if match{$h_subject:}{defer-data}}
        message = 451 4.3.0 try again
  accept
begin routers
all:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = $D/mail
  maildir_format
  create_directory
  user = Debian-exim
  envelope_to_add
begin retry
* * F,1h,10s
begin authenticators
$WAYS
";

const PLAIN: &str = r"
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{ops@example.com}}{eq{$auth3}{PASSWORD}}}}
  server_set_id = $auth2
";

const LOGIN: &str = r"
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{ops@example.com}}{eq{$auth2}{PASSWORD}}}}
  server_set_id = $auth1
";
