//! A shell that runs servers for one test, and ends them when its value is dropped or its process has died in whatever
//! way: then its standard input ends.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) struct Keeper {
    shell: Child,
}

impl Keeper {
    /// Runs a script that starts servers, reads standard input to its end, and then ends them.
    pub(crate) fn run(script: &str, arguments: &[&OsStr], output: &Path) -> Self {
        let output = File::create(output).expect("the folder is ours");
        let shell = Command::new("/bin/sh")
            .args(["-c", script, "keeper"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("a file can be cloned"))
            .stderr(output)
            // Control-C ends the test, whose end ends the shell.
            .process_group(0)
            .spawn()
            .expect("there is /bin/sh");
        Self { shell }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Nothing to do about an error here: a panic in drop would hide the test's own.
        let _ = self.shell.wait();
    }
}
