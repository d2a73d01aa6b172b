//! Delivery into a Maildir, for demos, tests and machines without a relay.
//!
//! A mail is written to `tmp`, made durable, and only then linked into `new`, so that a reader never sees half of one.
//! Its file is named after the email, so that a mail delivered twice is there once. Lines end as files on Unix do.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A Maildir.
pub struct Maildir {
    folder: PathBuf,
}

impl Maildir {
    /// Opens a Maildir, making its folders where they are missing.
    pub fn open(folder: &Path) -> io::Result<Self> {
        for name in ["tmp", "new", "cur"] {
            DirBuilder::new().recursive(true).mode(0o700).create(folder.join(name))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// Where it is.
    pub fn name(&self) -> String {
        self.folder.display().to_string()
    }

    /// Delivers a mail under a name that is its own.
    pub fn deliver(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let name = format!("{name}.tq-alerts");
        let (draft, place) = (self.folder.join("tmp").join(&name), self.folder.join("new").join(&name));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let written = bytes
            .split_inclusive(|byte| *byte == b'\n')
            .try_for_each(|line| match line.strip_suffix(b"\r\n") {
                Some(line) => file.write_all(line).and_then(|()| file.write_all(b"\n")),
                None => file.write_all(line),
            })
            .and_then(|()| file.sync_all());
        let linked = written.and_then(|()| match fs::hard_link(&draft, &place) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        });
        // A draft that stays behind is overwritten by the next attempt.
        let _ = fs::remove_file(&draft);
        linked?;
        File::open(self.folder.join("new"))?.sync_all()
    }
}
