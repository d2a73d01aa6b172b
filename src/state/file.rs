//! The files of the state: who may read them, and the lock that keeps a second writer out.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;

use super::Error;

/// Makes the folder (0700) and an empty file (0600) where they are missing, and checks both.
pub(super) fn prepare(path: &Path) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let cannot_create =
        |at: &Path, error: &io::Error| Error::CannotCreate(format!("state {}: {error}", at.display()));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| cannot_create(folder, &error))?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => (),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => (),
        Err(error) => return Err(cannot_create(path, &error)),
    }
    check(path)?;
    let metadata = fs::metadata(folder).map_err(|error| cannot_create(folder, &error))?;
    if metadata.mode() & 0o022 != 0 {
        let folder = folder.display();
        return Err(Error::Refused(format!("state folder {folder}: others may write to it; chmod 700 it")));
    }
    Ok(())
}

/// Refuses a state that is a symbolic link, somebody else's, or open to others.
pub(super) fn check(path: &Path) -> Result<(), Error> {
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
    Ok(())
}

/// Takes the writer's lock, on a file beside the state that is never removed.
pub(super) fn lock(path: &Path) -> Result<File, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let at = PathBuf::from(name);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&at)
        .map_err(|error| Error::CannotCreate(format!("state lock {}: {error}", at.display())))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| Error::Locked(format!("state {}: another program is using it", path.display())))?;
    Ok(file)
}
