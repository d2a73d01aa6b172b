//! The files of the state: who may read them, the lock that keeps a second writer out, and the words in it that tell a
//! lost state from a first run.
//!
//! `FILE.lock` is empty until `FILE` holds the tables, and says from then on that there is a state. Where it says so and
//! the state is missing or empty, the state was lost: 78.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, FlockOperation, OFlags, fallocate, flock};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::Error;

/// What stands in the lock once there is a state.
const BEGUN: &[u8] = b"There is a state beside this file. To begin anew, remove both.\n";

/// The writer's lock; the kernel lets go of it when the program ends, however it ends.
pub(super) struct Lock {
    file: File,
    /// Whether the lock says that there is a state.
    pub(super) has_begun: bool,
}

impl Lock {
    /// Takes the lock, on a file beside the state that is never removed.
    pub(super) fn take(path: &Path) -> Result<Self, Error> {
        Self::take_at(&lock_path(path), path)
    }

    /// Takes the lock of those who only take over. It keeps out the others of them, and nobody who delivers.
    pub(super) fn take_to_take_over(path: &Path) -> Result<Self, Error> {
        Self::take_at(&beside(path, ".taking"), path)
    }

    fn take_at(at: &Path, path: &Path) -> Result<Self, Error> {
        let cannot_create =
            |error: &io::Error| Error::CannotCreate(format!("state lock {}: {error}", at.display()));
        let mut options = OpenOptions::new();
        options
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default());
        let file = match options.open(at) {
            Ok(file) => file,
            Err(error) => return Err(check(at).err().unwrap_or_else(|| cannot_create(&error))),
        };
        check(at)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| Error::Locked(format!("state {}: another program is using it", path.display())))?;
        let has_begun = file.metadata().map_err(|error| cannot_create(&error))?.len() > 0;
        Ok(Self { file, has_begun })
    }

    /// Says, durably and once, that there is a state.
    pub(super) fn begin(&mut self, path: &Path) -> Result<(), Error> {
        if self.has_begun {
            return Ok(());
        }
        let written = self.file.write_all(BEGUN).and_then(|()| self.file.sync_all());
        written.map_err(|error| Error::File(format!("state lock {}: {error}", lock_path(path).display())))?;
        self.has_begun = true;
        Ok(())
    }
}

fn lock_path(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Whether there was a state here, by the word of its lock. To be asked before the state is looked at: a first run may
/// make both in between.
pub(super) fn has_begun(path: &Path) -> bool {
    fs::symlink_metadata(lock_path(path)).is_ok_and(|metadata| metadata.len() > 0)
}

/// That a state is gone. This is no first run: what happened since the last one would be no news.
pub(super) fn lost(path: &Path, what: &str) -> Error {
    let (path, lock) = (path.display(), lock_path(path));
    let lock = lock.display();
    Error::Refused(format!(
        "state {path}: {what}, and {lock} says that it was in use; restore it from a copy, or remove {lock} to \
         begin anew, with what is in ThreatQ now as no news"
    ))
}

/// How much room the outcomes of the mails in hand may take in the journal: a dozen pages for one session, and the rows
/// of more sessions' mails stand in the same ones.
const ROOM: u64 = 256 * 1024;

/// Room beside the state, in a file without a name, which the kernel gives back when the program ends. None where the
/// file system has no such files.
pub(super) fn reserve(path: &Path) -> Result<Option<File>, Error> {
    let folder = folder(path);
    let no_name = i32::try_from(OFlags::TMPFILE.bits()).unwrap_or_default();
    let Ok(file) = OpenOptions::new().write(true).custom_flags(no_name).mode(0o600).open(folder) else {
        return Ok(None);
    };
    match fallocate(&file, FallocateFlags::empty(), 0, ROOM) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(Error::File(format!("state folder {}: {error}", folder.display()))),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Makes the folder (0700) where it is missing, and refuses one that others may write to.
pub(super) fn prepare_folder(path: &Path) -> Result<(), Error> {
    let folder = folder(path);
    let cannot_create =
        |error: &io::Error| Error::CannotCreate(format!("state {}: {error}", folder.display()));
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| cannot_create(&error))?;
    let metadata = fs::metadata(folder).map_err(|error| cannot_create(&error))?;
    let refused = |reason: &str| Error::Refused(format!("state folder {}: {reason}", folder.display()));
    if metadata.mode() & 0o022 != 0 {
        return Err(refused("others may write to it; chmod 700 it"));
    }
    if !(metadata.uid() == geteuid().as_raw() || metadata.uid() == 0) {
        return Err(refused("belongs to another user"));
    }
    Ok(())
}

/// Makes an empty file (0600) where there never was a state.
pub(super) fn create(path: &Path) -> Result<(), Error> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::CannotCreate(format!("state {}: {error}", path.display()))),
    }
}

/// Whether there is a state to be read. Refuses one that is a symbolic link, somebody else's, open to others, or lost.
pub(super) fn is_there(path: &Path, has_begun: bool) -> Result<bool, Error> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && has_begun => {
            return Err(lost(path, "is missing"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        _ => check(path)?,
    };
    // SQLite would take an empty file for a new database, and throw away the journal that may hold what is left.
    if metadata.len() == 0 && has_begun { Err(lost(path, "is empty")) } else { Ok(true) }
}

fn check(path: &Path) -> Result<Metadata, Error> {
    let refused = |reason: &str| Error::Refused(format!("state {}: {reason}", path.display()));
    let metadata = fs::symlink_metadata(path).map_err(|error| refused(&error.to_string()))?;
    if !metadata.is_file() {
        return Err(refused("not a plain file"));
    }
    if metadata.uid() != geteuid().as_raw() {
        return Err(refused("belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(refused("open to others; chmod 600 it"));
    }
    Ok(metadata)
}
