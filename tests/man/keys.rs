//! The keys of the configuration: on the page, in its example, and by the programs' own word.

use std::collections::BTreeMap;
use std::fs;

use super::{page, section};
use crate::support::program::{Ended, program};
use crate::support::site::private_folder;

/// A key that no section has.
const NO_KEY: &str = "nosuchkey";

/// The keys on the page of the configuration, each with its type: `.It Va smtp.port No (integer, …)`.
pub(crate) fn keys_on_page() -> Vec<(String, String)> {
    let text = page("tq-alerts.toml.5");
    let items = text.lines().filter_map(|line| line.strip_prefix(".It Va "));
    let mut keys: Vec<(String, String)> = items
        .map(|item| {
            let (key, rest) =
                item.split_once(" No (").unwrap_or_else(|| panic!("not the form of a key: {item}"));
            let kind = rest.split([',', ')']).next().unwrap_or_default();
            (key.to_owned(), kind.to_owned())
        })
        .collect();
    keys.sort();
    keys
}

/// What a program says of a configuration.
pub(crate) fn verdict(name: &'static str, config: &str) -> Ended {
    let folder = private_folder();
    let path = folder.path().join("tq.toml");
    fs::write(&path, config).expect("a file can be written");
    // The example names a folder of templates, and one in it.
    fs::create_dir_all(folder.path().join("templates/night")).expect("a folder can be made");
    program(name).arg("--config").arg(path).run()
}

/// The keys that a program knows, in the place where this configuration has one that it does not know.
fn keys_known(name: &'static str, config: &str) -> Vec<String> {
    let ended = verdict(name, config).ends_with(78);
    let found = ended.stderr.split_once(&format!("unknown field `{NO_KEY}`, expected "));
    let list = found.map_or("", |(_, list)| list);
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// All keys that a program accepts, by its own word.
pub(super) fn keys_accepted(name: &'static str) -> Vec<String> {
    let mut keys = Vec::new();
    for top in keys_known(name, &format!("{NO_KEY} = 1\n")) {
        let forms = [format!("[{top}]"), format!("[[{top}]]")];
        let below = forms.map(|form| keys_known(name, &format!("{form}\n{NO_KEY} = 1\n"))).concat();
        if below.is_empty() {
            keys.push(top);
        } else {
            for key in below.iter().map(|key| format!("{top}.{key}")) {
                let deeper = keys_known(name, &format!("[[{key}]]\n{NO_KEY} = 1\n"));
                keys.extend(deeper.iter().map(|below| format!("{key}.{below}")));
                keys.extend(deeper.is_empty().then_some(key));
            }
        }
    }
    keys.sort();
    keys
}

/// A configuration that sets one key, and what cannot be left out beside it.
pub(super) fn config_with(key: &str, value: &str) -> String {
    match key.split_once('.') {
        None => format!("{key} = {value}\n"),
        Some(("collection", "name")) => format!("[[collection]]\nname = {value}\n"),
        Some(("collection", name)) => format!("[[collection]]\nname = \"IOCs\"\n{name} = {value}\n"),
        Some(("watchlist", name)) if name.starts_with("login.") => {
            let set = |key: &str| if name == format!("login.{key}") { value } else { "\"x\"" };
            let (user, file) = (set("user"), set("password_file"));
            let more = ["client_id", "email"].map(|key| format!("{key} = {}\n", set(key))).concat();
            format!("[[watchlist.login]]\nuser = {user}\npassword_file = {file}\n{more}")
        }
        Some(("route", name)) => format!("[[route]]\n{name} = {value}\n"),
        Some((section, name)) => format!("[{section}]\n{name} = {value}\n"),
    }
}

/// The configuration on the page of keys, which has everything that can be set.
pub(crate) fn example_on_page() -> String {
    let text = page("tq-alerts.toml.5");
    let examples = section(&text, "EXAMPLES").expect("the page has an example");
    let (_, rest) = examples.split_once("\n.Bd ").expect("the example is a display");
    let (display, _) = rest.split_once("\n.Ed").expect("the display ends");
    display.split_once('\n').expect("the display has lines").1.to_owned()
}

/// The same with all that is switched off. What is not set is a comment without a space; remarks have one.
pub(crate) fn uncommented(example: &str) -> String {
    let uncomment = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    example.lines().map(uncomment).collect()
}

/// The keys that an example sets or switches off, with their values.
pub(crate) fn settings_of(example: &str) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let mut section = String::new();
    for line in uncommented(example).lines() {
        if line.starts_with('[') {
            section = format!("{}.", line.trim_matches(['[', ']']));
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            settings.insert(format!("{section}{key}"), value.to_owned());
        }
    }
    settings
}
