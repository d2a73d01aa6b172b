//! The mails as files, to be looked at before anything is sent: each as it would travel, its text, its HTML, and a page
//! that lists them.
//!
//! Fails with 73 when a file cannot be written, and with 65 for a mail that could not be sent.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::mime;
use crate::escape::{html, visible};
use crate::exit::{Failure, Status};
use crate::record::Email;

/// A folder of mails.
pub struct Preview {
    folder: PathBuf,
    rows: String,
    count: u64,
}

impl Preview {
    /// Makes the folder.
    pub fn new(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| failure(folder, error))?;
        Ok(Self { folder: folder.to_owned(), rows: String::new(), count: 0 })
    }

    /// Writes one mail.
    pub fn add(&mut self, email: &Email) -> Result<(), Failure> {
        let message = mime::render(email).map_err(|reason| {
            Failure::new(Status::BadStream, format!("a mail that cannot be sent: {reason}"))
        })?;
        self.count += 1;
        let name = format!("{:03}", self.count);
        self.write(&format!("{name}.eml"), &message.bytes)?;
        self.write(&format!("{name}.txt"), email.text.as_bytes())?;
        let mut forms = vec!["eml", "txt"];
        if let Some(page) = &email.html {
            self.write(&format!("{name}.html"), page.as_bytes())?;
            forms.push("html");
        }
        let links = forms.iter().rev().fold(String::new(), |links, form| {
            format!("{links} <a href=\"{name}.{form}\" target=\"mail\">{form}</a>")
        });
        let size = message.bytes.len();
        let (subject, to) = (html(&visible(&email.subject)), html(&visible(&message.recipients.join(", "))));
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.rows,
            "<tr><td>{name}</td><td><b>{subject}</b><br>{to}</td><td>{size}</td><td>{links}</td></tr>"
        );
        Ok(())
    }

    /// Writes the page that lists them.
    pub fn close(self) -> Result<(), Failure> {
        let Self { rows, count, .. } = &self;
        let first = if *count > 0 { "001.html" } else { "about:blank" };
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Preview: {count} mails</title>\n\
             <style>:root {{ color-scheme: light dark }} body {{ font: 15px/1.4 sans-serif; margin: 1em }} \
             td, th {{ padding: .3em .8em .3em 0; text-align: left; vertical-align: top; overflow-wrap: anywhere }} \
             iframe {{ width: 100%; max-width: 680px; height: 900px; border: 1px solid #888 }}</style>\n</head>\n<body>\n\
             <h1>{count} mails</h1>\n<table>\n<tr><th>No.</th><th>Subject and recipients</th><th>Bytes</th><th>Look</th></tr>\n\
             {rows}</table>\n<p><iframe name=\"mail\" title=\"The mail\" sandbox src=\"{first}\"></iframe></p>\n</body>\n</html>\n"
        );
        self.write("index.html", page.as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).map_err(|error| failure(&path, error))
    }
}

fn failure(path: &Path, error: std::io::Error) -> Failure {
    Failure::from_error(Status::CannotCreate, error).about(path.display())
}
