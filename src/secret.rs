//! A password or token that cannot be printed, read only from a file that nobody else can read.
//!
//! Secrets never come from the command line or the environment, because both are visible to others.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::exit::{Failure, Status};

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
        } else {
            refused(&error)
        }
    })?;
    let metadata = file.metadata().map_err(|error| refused(&error))?;
    if metadata.uid() != geteuid().as_raw() {
        return Err(refused(&"a secret must belong to the user who runs this program"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(refused(&"a secret must be readable by its owner alone: chmod 600"));
    }
    let mut text = String::new();
    file.take(SIZE_LIMIT).read_to_string(&mut text).map_err(|error| refused(&error))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(refused(&"empty"));
    }
    Ok(Secret(text.to_owned()))
}
