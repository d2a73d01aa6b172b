//! The deliberate absences of the house, held by reading the sources as text.
//!
//! ARCHITECTURE.md gives the reasons. A complaint names the file and the line.

mod source;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use source::{Source, files, root, says, sources};

/// Where each external crate lives. One that is at home everywhere has no places.
const HOMES: [(&str, &[&str]); 26] = [
    ("anyhow", &["src/exit.rs", "src/bin/"]),
    ("atty", &["src/terminal.rs"]),
    ("base64", &["src/smtp/login.rs", "src/mail/"]),
    ("chrono", &[]),
    ("chrono_tz", &["src/zone.rs"]),
    ("clap", &["src/bin/", "src/config.rs", "src/config/", "src/terminal.rs"]),
    ("fastrand", &["src/threatq.rs", "src/threatq/"]),
    ("lettre", &["src/smtp.rs", "src/smtp/", "src/mail.rs", "src/mail/"]),
    ("mail_parser", &["src/mail/kept.rs", "src/mail/quoted.rs"]),
    ("memchr", &["src/mail/body.rs", "src/mail/mime.rs", "src/smtp/command.rs"]),
    ("minijinja", &["src/mail/template.rs"]),
    ("ndjson_stream", &["src/ndjson.rs"]),
    ("reqwest", &["src/http.rs", "src/slack/", "src/threatq.rs", "src/threatq/"]),
    ("rusqlite", &["src/state.rs", "src/state/"]),
    ("rustix", &["src/interrupt.rs", "src/secret.rs", "src/state/file.rs"]),
    ("rustls", &["src/tls.rs", "src/tls/", "src/smtp.rs", "src/smtp/"]),
    ("rustls_platform_verifier", &["src/tls.rs"]),
    ("serde", &[]),
    ("serde_json", &[]),
    ("sha2", &["src/record.rs", "src/record/tally.rs", "src/tls/trust.rs"]),
    ("signal_hook", &["src/interrupt.rs"]),
    ("strsim", &["src/candidates.rs", "src/config.rs"]),
    ("tempfile", &["src/mail/spill.rs"]),
    ("toml", &["src/config.rs", "src/config/"]),
    ("tracing", &[]),
    ("tracing_subscriber", &["src/logging.rs"]),
];

/// The modules of the library, from the top. A module names those of lower layers only.
const LAYERS: [&[&str]; 7] = [
    &["fetch", "format", "send", "validate"],
    EDGES,
    &["item"],
    &["change"],
    &["ndjson"],
    &["record"],
    PLUMBING,
];
const EDGES: &[&str] = &["blocks", "mail", "maildir", "slack", "smtp", "state", "threatq"];
/// These may name each other.
const PLUMBING: &[&str] = &[
    "candidates",
    "config",
    "escape",
    "exit",
    "http",
    "interrupt",
    "logging",
    "secret",
    "terminal",
    "tls",
    "zone",
];
/// The one arrow that points up: a terminal shows a record in the record's own words.
const UPWARD: [(&str, &str); 0] = [];

/// Where there is Rust.
const FOLDERS: [&str; 5] = ["benches", "examples", "fuzz", "src", "tests"];
/// A file of 300 lines is a good place to ask whether it holds two ideas.
const LINE_LIMIT: usize = 300;
/// Files that are longer, how long they may be until they shrink, and why they are.
const LONG_FILES: &[(&str, usize, &str)] = &[];

#[track_caller]
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The module of the library that a file belongs to; none for the programs and the library's own map.
fn module_of(source: &Source) -> Option<&str> {
    let inside = source.path.strip_prefix("src/")?;
    let module = inside.split('/').next()?.trim_end_matches(".rs");
    (module != "bin" && module != "lib").then_some(module)
}

#[test]
fn each_external_crate_has_one_home_and_is_used_there() {
    let sources = sources("src");
    let mut complaints = Vec::new();
    for (name, homes) in HOMES {
        let (at_home, abroad): (Vec<&Source>, Vec<&Source>) =
            sources.iter().partition(|source| homes.is_empty() || source.is_in(homes));
        let uses = abroad.iter().flat_map(|source| source.saying(name));
        complaints.extend(uses.map(|place| format!("{place}: {name} lives in {}", homes.join(", "))));
        if at_home.iter().all(|source| source.saying(name).is_empty()) {
            complaints.push(format!("{name} is not used where it lives"));
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_dependency_has_been_given_a_home() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest can be read");
    let (_, rest) = manifest.split_once("\n[dependencies]\n").expect("there are dependencies");
    let section = rest.split("\n[").next().unwrap_or_default();
    let mut dependencies: Vec<String> = section
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"))
        .collect();
    dependencies.sort();
    assert_eq!(dependencies, HOMES.map(|(name, _)| name));
}

#[test]
fn arrows_between_modules_point_down_and_no_edge_knows_another() {
    let layer_of = |module: &str| LAYERS.iter().position(|layer| layer.contains(&module));
    let mut complaints = Vec::new();
    for source in &sources("src") {
        let Some(module) = module_of(source) else { continue };
        let Some(layer) = layer_of(module) else {
            complaints.push(format!("{}: the module {module} has no layer", source.path));
            continue;
        };
        for (line, named) in source.modules() {
            let is_below = layer_of(&named).is_some_and(|other| other > layer);
            let is_fine = match module {
                _ if named == module || UPWARD.contains(&(module, named.as_str())) => true,
                "change" => named == "record",
                _ => is_below || (PLUMBING.contains(&module) && PLUMBING.contains(&named.as_str())),
            };
            if !is_fine {
                complaints.push(format!("{}:{line}: {module} must not name {named}", source.path));
            }
        }
    }
    assert_none(&complaints);
}

/// The test above follows `crate::`; another way out of a module would be hidden from it.
#[test]
fn a_module_is_named_from_the_root_of_the_library() {
    let modules: Vec<&str> = LAYERS.concat();
    let mut complaints = Vec::new();
    for source in &sources("src") {
        complaints.extend(source.saying("super::super"));
        let is_top = source.path.matches('/').count() == 1;
        for module in modules.iter().filter(|_| is_top) {
            complaints.extend(source.saying(&format!("super::{module}")));
        }
        if module_of(source).is_some() {
            complaints.extend(source.saying("tq_alerts"));
        }
    }
    assert_none(&complaints);
}

#[test]
fn nobody_but_exit_and_logging_writes_to_standard_error() {
    let sources = sources("src");
    // The third draws a line for a person and takes it away again.
    let allowed = ["src/exit.rs", "src/logging.rs", "src/terminal/progress.rs"];
    let others = sources.iter().filter(|source| !source.is_in(&allowed));
    let ways = ["eprint!", "eprintln!", "stderr"];
    let found: Vec<String> = others.flat_map(|source| ways.map(|way| source.saying(way)).concat()).collect();
    assert_none(&found);
}

#[test]
fn nobody_prints_and_only_programs_hold_standard_output() {
    let mut found = Vec::new();
    for source in &sources("src") {
        found.extend(["print!", "println!"].map(|way| source.saying(way)).concat());
        // A program that prints a secret has a standard output of its own.
        if !source.is_in(&["src/bin/", "src/secret.rs"]) {
            found.extend(source.saying("stdout"));
        }
    }
    assert_none(&found);
}

#[test]
fn nothing_is_left_for_later_or_left_out() {
    let mut found = Vec::new();
    for folder in ["src", "tests", "benches", "examples", "fuzz", "scripts", "templates", "packaging"] {
        for path in files(folder) {
            let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
            let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
            let lines = text.lines().enumerate();
            let marked = lines.filter(|(_, line)| marks.iter().any(|mark| says(line, mark)));
            found.extend(marked.map(|(index, _)| format!("{path}:{}", index + 1)));
        }
    }
    for source in FOLDERS.into_iter().flat_map(sources) {
        let ways = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
        found.extend(ways.map(|way| source.saying(way)).concat());
    }
    assert_none(&found);
}

#[test]
fn every_file_opens_with_what_it_is() {
    let silent = FOLDERS.into_iter().flat_map(sources).filter(|source| !source.text.starts_with("//! "));
    assert_none(&silent.map(|source| source.path).collect::<Vec<_>>());
}

#[test]
fn a_file_holds_one_idea_and_the_long_ones_only_shrink() {
    let mut complaints = Vec::new();
    let mut longer = Vec::new();
    for source in FOLDERS.into_iter().flat_map(sources) {
        let length = source.text.lines().count();
        let exception = LONG_FILES.iter().find(|(path, ..)| *path == source.path);
        let limit = exception.map_or(LINE_LIMIT, |(_, lines, _)| *lines);
        if length > limit {
            complaints.push(format!("{} has {length} lines, and {limit} are allowed", source.path));
        }
        if exception.is_some() && length > LINE_LIMIT {
            longer.push(source.path.clone());
        }
    }
    assert_none(&complaints);
    let excuses: Vec<&str> = LONG_FILES.iter().map(|(path, ..)| *path).collect();
    assert_eq!(longer, excuses, "in the order of the files, and none that is not needed");
}

#[test]
fn no_file_names_a_path_of_the_machine_it_was_written_on() {
    let homes = [concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let mut found = Vec::new();
    for path in files("") {
        let bytes = fs::read(root().join(&path)).expect("a file can be read");
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().enumerate();
        let named = lines.filter(|(_, line)| homes.iter().any(|home| line.contains(home)));
        found.extend(named.map(|(index, _)| format!("{path}:{}", index + 1)));
    }
    assert_none(&found);
}

#[test]
fn every_script_that_the_readme_names_can_be_run() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let is_name = |character: char| character.is_ascii_alphanumeric() || "-_/.".contains(character);
    let words = readme.split(|character| !is_name(character));
    let scripts: Vec<&str> = words
        .map(|word| word.trim_start_matches("./").trim_end_matches('.'))
        .filter(|word| word.starts_with("scripts/") && word.len() > "scripts/".len())
        .collect();
    assert!(!scripts.is_empty(), "the README names no script");
    for script in scripts {
        let metadata = fs::metadata(root().join(script)).unwrap_or_else(|error| panic!("{script}: {error}"));
        assert!(metadata.permissions().mode() & 0o111 != 0, "{script} is not executable");
    }
}

#[test]
fn every_file_that_a_document_links_to_is_there() {
    let mut missing = Vec::new();
    let documents = files("").into_iter().filter(|path| path.rsplit('.').next() == Some("md"));
    for document in documents {
        let text = fs::read_to_string(root().join(&document)).expect("a document is text");
        let folder = root().join(&document);
        let folder = folder.parent().expect("a file is in a folder");
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            if !target.contains(':') && !target.is_empty() && !folder.join(target).exists() {
                missing.push(format!("{document}: {target}"));
            }
        }
    }
    assert_none(&missing);
}
