//! A password or token that cannot be printed, read only from a file that nobody else can read or from a program.
//!
//! A file that systemd hands over (`LoadCredential=`) is in a folder that nobody else can read, whoever owns it.
//!
//! Secrets never come from the command line or the environment, because both are visible to others.

use std::env;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::exit::{Failure, Status};

/// How long a program that prints a secret may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// No password is this long; a larger file is some other file.
const SIZE_LIMIT: u64 = 64 * 1024;

/// Something that must not be shown. It has no `Display`, and its `Debug` shows nothing.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps what must not be shown.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the peer that it is meant for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Reads a secret from a file, without the line feed at its end.
///
/// Fails with 78 when the file is a symbolic link, belongs to somebody else, or may be read by group or others.
pub fn read(path: &Path) -> Result<Secret, Failure> {
    let refused =
        |reason: &dyn fmt::Display| Failure::new(Status::Config, format!("{}: {reason}", path.display()));
    let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(no_follow).open(path).map_err(|error| {
        if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
            refused(&"a secret is not read through a symbolic link")
        } else if error.kind() == ErrorKind::NotFound {
            refused(&format_args!("{error}; write the secret into it and chmod 600 it"))
        } else {
            refused(&error)
        }
    })?;
    let metadata = file.metadata().map_err(|error| refused(&error))?;
    let is_credential = credentials().is_some_and(|folder| path.parent() == Some(folder.as_path()));
    if !is_credential && metadata.uid() != geteuid().as_raw() {
        return Err(refused(&"a secret must belong to the user who runs this program"));
    }
    if !is_credential && metadata.mode() & 0o077 != 0 {
        return Err(refused(&"a secret must be readable by its owner alone: chmod 600"));
    }
    let mut text = String::new();
    file.take(SIZE_LIMIT).read_to_string(&mut text).map_err(|error| refused(&error))?;
    from_text(&text).ok_or_else(|| refused(&"empty"))
}

/// The folder of what systemd hands over to a service, which is the service's alone.
fn credentials() -> Option<PathBuf> {
    env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from).filter(|folder| folder.is_absolute())
}

/// Where a secret is that a file in this folder calls so: with systemd's credentials where there is one of that name.
pub fn locate(folder: &Path, name: &Path) -> PathBuf {
    let is_name = name.file_name() == Some(name.as_os_str());
    let handed_over = credentials().filter(|_| is_name).map(|credentials| credentials.join(name));
    handed_over.filter(|path| path.exists()).unwrap_or_else(|| folder.join(name))
}

/// A text without the line feed at its end; none where nothing is left.
fn from_text(text: &str) -> Option<Secret> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    (!text.is_empty()).then(|| Secret(text.to_owned()))
}

/// Where a secret comes from that is asked for more than once.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file, as [`read`] wants it.
    File(PathBuf),
    /// A program and its arguments, without a shell. It prints the secret and nothing else; what it says on standard
    /// error is its own.
    Command(Vec<String>),
}

impl Place {
    /// The place that two settings name: `smtp.password` is `smtp.password_file` or `smtp.password_command`.
    ///
    /// Fails with 78 when both are set.
    pub fn of(key: &str, file: Option<&Path>, command: &[String]) -> Result<Option<Self>, Failure> {
        match (file, command) {
            (Some(_), [_, ..]) => {
                let sentence = format!("{key}_file and {key}_command are both set; one will do");
                Err(Failure::new(Status::Config, sentence))
            }
            (Some(path), []) => Ok(Some(Self::File(path.to_owned()))),
            (None, []) => Ok(None),
            (None, words) => Ok(Some(Self::Command(words.to_vec()))),
        }
    }

    /// The secret as it is now.
    ///
    /// Fails with 78 when the file or program is not what it must be, and with 75 when the program fails, which may pass.
    pub fn read(&self) -> Result<Secret, Failure> {
        match self {
            Self::File(path) => read(path),
            Self::Command(words) => printed_by(words),
        }
    }
}

fn printed_by(words: &[String]) -> Result<Secret, Failure> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| Failure::new(Status::Config, "the command for the secret is empty"))?;
    let failed = |status, reason: &dyn fmt::Display| {
        Failure::new(status, format_args!("a secret from {program}: {reason}"))
    };
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| failed(Status::Config, &error))?;
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take();
    thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.map_or(Ok(0), |stdout| stdout.take(SIZE_LIMIT).read_to_string(&mut text));
        // Nobody listens any more where it took too long.
        let _ = sender.send(read.map(|_| text));
    });
    let Ok(printed) = receiver.recv_timeout(PATIENCE) else {
        // It may have ended just now.
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(Status::TryAgain, &format_args!("printed nothing in {} s", PATIENCE.as_secs())));
    };
    let ended = child.wait().map_err(|error| failed(Status::TryAgain, &error))?;
    if !ended.success() {
        return Err(failed(Status::TryAgain, &ended));
    }
    let text = printed.map_err(|error| failed(Status::TryAgain, &error))?;
    from_text(text.trim_end_matches(['\r', '\n'])).ok_or_else(|| failed(Status::TryAgain, &"printed nothing"))
}
