//! A real mail server for one test: Postfix for submission, Dovecot for logins and mailboxes.
//!
//! Lives in a folder of its own under /tmp, on four free ports of 127.0.0.1, beside any number of
//! others. Needs root and Debian 12's packages postfix, dovecot-core and dovecot-imapd. Ends with
//! its value, and also when the test process is killed. A start that fails panics with the logs.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use super::certificates::Certificates;
use super::imap::Session;
use super::keeper::Keeper;

const START: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// The user who owns the mailboxes; Postfix refuses to deliver as root.
const NOBODY: u32 = 65534;

/// Runs the two masters, each in a session of its own, until standard input ends: that is when
/// [`MailServer`] is dropped or its process has died in whatever way. SIGKILL, as Dovecot takes a
/// second to heed SIGTERM. The second rm is for a file that a process on its way out still made.
const KEEPER: &str = r#"
setsid /usr/lib/postfix/sbin/master -c "$1/etc" & postfix=$!
setsid /usr/sbin/dovecot -F -c "$1/dovecot/dovecot.conf" & dovecot=$!
read -r end
kill -s KILL -- "$postfix" "-$postfix" "$dovecot" "-$dovecot"
wait
rm -rf "$1" || rm -rf "$1"
"#;

/// A running mail server for the domain example.com.
///
/// `ops@example.com` and `alerts@example.com` are mailboxes and may log in with
/// [`MailServer::PASSWORD`]. Any other recipient of the domain is refused with 550 5.1.1, and
/// `greylisted@example.com` with 450 4.2.0. Mail to other domains is discarded.
pub(crate) struct MailServer {
    /// Takes mail for example.com only; STARTTLS is offered, a login is not.
    pub plain_port: u16,
    /// Submission: STARTTLS, then a login, then mail to anyone.
    pub starttls_port: u16,
    /// Submission with TLS from the first byte.
    pub tls_port: u16,
    pub imaps_port: u16,
    certificates: Certificates,
    ca_file: PathBuf,
    _keeper: Keeper,
    folder: TempDir,
}

impl MailServer {
    pub(crate) const PASSWORD: &str = "secret";

    /// Starts both servers and returns when they listen.
    pub(crate) fn start() -> Self {
        // Not TMPDIR: the users postfix, dovecot and nobody must be able to reach it.
        let folder = TempDir::with_prefix_in("tq-mail-server-", "/tmp").expect("/tmp is writable");
        let ports = [free_port(), free_port(), free_port(), free_port()];
        let certificates = Certificates::for_names(&["localhost", "127.0.0.1"]);
        let ca_file = lay_out(folder.path(), &certificates, ports)
            .unwrap_or_else(|error| panic!("cannot lay out {}: {error}", folder.path().display()));
        let keeper = Keeper::run(KEEPER, &[folder.path().as_os_str()], &folder.path().join("log/output"));
        let server = Self {
            plain_port: ports[0],
            starttls_port: ports[1],
            tls_port: ports[2],
            imaps_port: ports[3],
            certificates,
            ca_file,
            _keeper: keeper,
            folder,
        };
        server.wait_until_started();
        server
    }

    /// The CA to trust, as a PEM file; the certificate names localhost and 127.0.0.1.
    pub(crate) fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// A mailbox, read over IMAP; the user is `ops@example.com` or `alerts@example.com`.
    pub(crate) fn imap(&self, user: &str) -> Session {
        Session::connect(self.imaps_port, &self.certificates.ca_pem, user, Self::PASSWORD)
    }

    /// Postfix's log so far. It is written by a process of its own and may lag a moment behind.
    pub(crate) fn mail_log(&self) -> String {
        self.log("mail.log")
    }

    fn log(&self, name: &str) -> String {
        let path = self.folder.path().join("log").join(name);
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Both masters log their start after they have made their sockets. To try the ports would
    /// also do, but would put connections into the log that no test made.
    fn wait_until_started(&self) {
        let end = Instant::now() + START;
        loop {
            let logs = ["output", "mail.log", "dovecot.log"].map(|name| self.log(name));
            if logs[1].contains("daemon started") && logs[2].contains("starting up") {
                return;
            }
            let failed = ["fatal:", "Fatal:", "failed"].map(|word| logs.concat().contains(word));
            assert!(
                !failed.contains(&true) && Instant::now() < end,
                "the mail server does not start (packages postfix, dovecot-core and dovecot-imapd \
                 of Debian 12, and root?)\n{}",
                logs.concat()
            );
            thread::sleep(BETWEEN_LOOKS);
        }
    }
}

/// Writes all that the servers need, readable to their users whatever the umask; returns the CA's path.
fn lay_out(root: &Path, certificates: &Certificates, ports: [u16; 4]) -> io::Result<PathBuf> {
    let folder = |name: &str, owner: u32| {
        let path = root.join(name);
        fs::create_dir(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        chown(path, Some(owner), None)
    };
    let postfix = fs::metadata("/var/lib/postfix").expect("the package postfix is installed");
    fs::set_permissions(root, Permissions::from_mode(0o755))?;
    for name in ["etc", "log", "tls", "dovecot", "queue", "queue/pid"] {
        folder(name, 0)?;
    }
    folder("mail", NOBODY)?;
    folder("data", postfix.uid())?;
    // What `postfix start` would make in 0.3 s. `private` must be there before Dovecot starts.
    for queue in [
        "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop",
        "private", "public", "saved", "trace",
    ] {
        folder(&format!("queue/{queue}"), postfix.uid())?;
    }
    let (ca_file, _, _) = certificates.write_to(&root.join("tls"));
    let users = "ops@example.com:{PLAIN}PASSWORD\nalerts@example.com:{PLAIN}PASSWORD\n";
    for (name, text) in [
        ("etc/main.cf", MAIN_CF),
        ("etc/master.cf", MASTER_CF),
        ("dovecot/dovecot.conf", DOVECOT_CONF),
        ("dovecot/users", users),
    ] {
        let text = text
            .replace("$D", root.to_str().expect("a name under /tmp is UTF-8"))
            .replace("PLAIN_PORT", &ports[0].to_string())
            .replace("STARTTLS_PORT", &ports[1].to_string())
            .replace("IMPLICIT_PORT", &ports[2].to_string())
            .replace("IMAPS_PORT", &ports[3].to_string())
            .replace("PASSWORD", MailServer::PASSWORD);
        let mut file = File::create(root.join(name))?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(Permissions::from_mode(0o644))?;
        // Postfix sleeps until its configuration is two seconds old.
        file.set_modified(SystemTime::now() - Duration::from_mins(1))?;
    }
    Ok(ca_file)
}

/// A port that nobody else is given for the next minute: the closed connection it was used for is
/// still in TIME-WAIT, where the kernel passes it over, but a server that asks for it gets it.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("127.0.0.1 has free ports");
    let address = listener.local_addr().expect("the listener has an address");
    let _client = TcpStream::connect(address).expect("the listener is there");
    // Dropped before the client: the side that closes first is the one that keeps the port.
    let _server = listener.accept().expect("the client is there");
    address.port()
}

const MAIN_CF: &str = "\
compatibility_level = 3.6
queue_directory = $D/queue
data_directory = $D/data
maillog_file = $D/log/mail.log
maillog_file_prefixes = $D
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test
mydestination =
# The default asks a proxymap(8) that this server does not have.
local_recipient_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_base = $D/mail
virtual_mailbox_maps = inline:{ ops@example.com=ops/, alerts@example.com=alerts/ }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
default_transport = discard
smtpd_tls_cert_file = $D/tls/cert.pem
smtpd_tls_key_file = $D/tls/key.pem
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access
  inline:{ { greylisted@example.com = 450 4.2.0 Greylisted, try again later } }
# More than one connection of a client, and no anvil(8) to count them.
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
";

const MASTER_CF: &str = "\
127.0.0.1:PLAIN_PORT inet n - n - - smtpd
127.0.0.1:STARTTLS_PORT inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:IMPLICIT_PORT inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
";

const DOVECOT_CONF: &str = "\
base_dir = $D/dovecot/run
state_dir = $D/dovecot/state
log_path = $D/log/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl_cert = <$D/tls/cert.pem
ssl_key = <$D/tls/key.pem
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:$D/mail/%n
passdb {
  driver = passwd-file
  args = username_format=%u $D/dovecot/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$D/mail/%n
}
service auth {
  unix_listener $D/queue/private/auth {
    user = postfix
  }
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = IMAPS_PORT
    ssl = yes
  }
}
service anvil {
  # Else each failed login makes the next of this address wait longer.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
";
