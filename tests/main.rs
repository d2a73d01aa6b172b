//! The programs as users meet them: real binaries, real pipes, real servers.
