//! Every example of the manual pages, and every pipe of the README, run as it is printed, in bash.
//!
//! They run in the folder of a configuration, where all of the demo has happened since the first run and one mail was
//! refused. An example that is new on a page fails until a row says what must come of it. What cannot be had here has a
//! stand-in: the relay, the folders of the original connector, and a time that reaches back to the demo's.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::program::{Ended, folder, scripts};
use crate::support::relay::{AuthRule, Relay, Script};
use crate::support::site::{Site, private_folder, secret_file};

/// A page, how an example on it begins, words that it prints, and a file that is there afterwards.
type Row = (&'static str, &'static str, &'static [&'static str], &'static str);

const SUITE: &str = "man/tq-alerts.7";
const CONNECTOR: &str = "man/tq-conn-email-alerts.1";
const COLLECTION: &str = "man/tq-fetch-collection.1";
const WATCHLIST: &str = "man/tq-fetch-watchlist.1";
const FORMAT: &str = "man/tq-format-email.1";
const SLACK: &str = "man/tq-format-slack.1";
const SEND: &str = "man/tq-send-smtp.1";
const RECORDS: &str = "man/tq-records.5";
const README: &str = "README.md";

const ROWS: [Row; 44] = [
    (SUITE, "tq-fetch-collection --config tq.toml | jq .", &["\"record\": \"checkpoint\"", "1.2.3.4"], ""),
    (SUITE, "tq-fetch-watchlist --config tq.toml --dry-run", &["\tupdated\tIndicator\t7.8.9.0\n"], ""),
    (SUITE, "tq-fetch-collection --config tq.toml --since", &["5.6.7.8\n"], ""),
    (SUITE, "tq-fetch-watchlist --config tq.toml | tq-f", &["ThreatQ Watchlist: Indicator Updated\n"], ""),
    (SUITE, "tq-fetch-collection --config tq.toml | tq-f", &["\"outcome\":\"accepted\""], "preview/new"),
    (SUITE, "tq-fetch-collection --config tq.toml |\n", &["collection/Ransomware IOCs: 3\n"], ""),
    (SUITE, "{ tq-fetch-watchlist", &["\"source\":\"watchlist\"", "Ransomware", "\"accepted\""], ""),
    (SUITE, "tq-send-smtp --config tq.toml < /dev/null", &[], ""),
    (SUITE, "tq-send-smtp --config tq.toml --dead", &["\"outcome\":\"accepted\""], "refused/new"),
    (SUITE, "sqlite3 tq/state.db", &["watchlist|2|", "rejected|1\n"], ""),
    (CONNECTOR, "0 */2 * * *", &[], "tq-conn-email-alerts.log"),
    (CONNECTOR, "tq-conn-email-alerts -c /etc/tq_labs/ --status", &["\"record\":\"status\""], ""),
    (CONNECTOR, "tq-conn-email-alerts -c /etc/tq_labs/ --check", &["ok  relay"], ""),
    (CONNECTOR, "tq-conn-email-alerts -c /etc/tq_labs/ -n night", &[], "night/state.db"),
    (COLLECTION, "tq-fetch-collection --config tq.toml | jq .", &["1.2.3.4"], ""),
    (COLLECTION, "tq-fetch-collection --config tq.toml --dry-run", &["/indicators/9/details\n"], ""),
    (COLLECTION, "tq-fetch-collection --config tq.toml --since", &["\"Indicator\",\"1.2.3.4\""], ""),
    (WATCHLIST, "tq-fetch-watchlist --config tq.toml | jq .", &["7.8.9.0"], ""),
    (WATCHLIST, "tq-fetch-watchlist --config tq.toml --users", &["[\"updated\",\"7.8.9.0\",[{"], ""),
    (WATCHLIST, "tq-fetch-watchlist --config tq.toml --since", &["/indicators/8/details\n"], ""),
    (
        FORMAT,
        "tq-fetch-watchlist --config tq.toml | tq-format-email --config tq.toml |\n",
        &["Updated\n"],
        "",
    ),
    (FORMAT, "tq-fetch-collection --config tq.toml > alerts.ndjson", &["1.2.3.4"], "alerts.ndjson"),
    (FORMAT, "tq-fetch-watchlist --config tq.toml |\n", &[], "mails/index.html"),
    (FORMAT, "tq-fetch-collection --config tq.toml | jq -c .", &[], ""),
    (
        SLACK,
        "tq-fetch-watchlist --config tq.toml | tq-format-slack",
        &["#tq-alerts  ThreatQ Watchlist: Indicator Updated: 7.8.9.0\n"],
        "",
    ),
    (SLACK, "tq-fetch-collection --config tq.toml > alerts", &["\"type\": \"header\""], "alerts.ndjson"),
    (RECORDS, "tq-fetch-collection", &["\"record\": \"alert\""], ""),
    (
        SEND,
        "tq-fetch-watchlist --config tq.toml | tq-format-email --config tq.toml |\n    tq-send-smtp --config",
        &["\"accepted\""],
        "",
    ),
    (SEND, "tq-send-smtp --config tq.toml < /dev/null", &[], ""),
    (
        SEND,
        "tq-fetch-watchlist --config tq.toml | tq-format-email --config tq.toml |\n    tq-send-smtp --maildir",
        &["\"accepted\""],
        "preview/new",
    ),
    (SEND, "jq -nc", &["\"accepted\""], ""),
    (SEND, "tq-send-smtp --config tq.toml --check", &["ok  "], ""),
    (SEND, "tq-send-smtp --config tq.toml --queue", &["old@example.com", "5.1.1"], ""),
    (SEND, "tq-send-smtp --config tq.toml --dead", &["new@example.com", "\"accepted\""], ""),
    (SEND, "tq-send-smtp --config tq.toml --status | jq", &["1\n"], ""),
    (SEND, "sqlite3 tq/state.db", &["|old@example.com|rejected|1|"], ""),
    (README, "tq-fetch-watchlist --config tq.toml | tq-format-email", &[], "mails/index.html"),
    (README, "tq-fetch-collection --config $conf --backfill", &["\"accepted\""], ""),
    (
        README,
        "tq-fetch-watchlist --config $conf | tq-format-slack",
        &["ThreatQ Watchlist: Indicator Updated"],
        "",
    ),
    (README, "tq-fetch-watchlist --config $conf  ", &["7.8.9.0"], ""),
    (README, "tq-fetch-collection --config $conf | jq .", &["1.2.3.4"], ""),
    (README, "tq-fetch-watchlist --config $conf | tq-format", &["Comment added: 2\n"], ""),
    (README, "tq-fetch-collection --config $conf | tq-format", &["\"accepted\""], "preview/new"),
    (README, "tq-fetch-watchlist --config $conf --probe", &["user"], ""),
];

/// The examples in a document, as a reader sees them: of a page the displays under EXAMPLES, of the README the lines
/// that run a program of ours.
fn examples_in(document: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if document == README {
        let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
        return lines
            .filter(|line| line.starts_with("tq-fetch-") && line.contains("--config"))
            .map(str::to_owned)
            .collect();
    }
    let (_, rest) =
        text.split_once("\n.Sh EXAMPLES\n").unwrap_or_else(|| panic!("{document} has no examples"));
    let section = rest.split("\n.Sh ").next().unwrap_or_default();
    let displays = section.split(".Bd -literal -offset indent\n").skip(1);
    displays.map(|rest| rest.split("\n.Ed").next().unwrap_or_default().replace("\\e", "\\")).collect()
}

/// Where the examples run.
struct Desk {
    site: Site,
    relay: Relay,
}

impl Desk {
    fn new() -> Self {
        let script = Script::new().auth(AuthRule::Password("soc@example.com", "secret"));
        let relay = Relay::start(script.reply_to_recipient("old@example.com", "550 5.1.1 no such user\r\n"));
        let site = Site::new().smtp(&format!(
            "host = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nusername = \"soc@example.com\"\n\
             password_file = \"relay-password\"\n",
            relay.port()
        ));
        secret_file(site.path(), "relay-password", "secret");
        site.run_both();
        site.play("added");
        let alerts = site.program("tq-fetch-watchlist").run().succeeds();
        let emails = site.program("tq-format-email").args(&["--to", "old@example.com"]).run_on(alerts.stdout);
        site.program("tq-send-smtp").run_on(emails.succeeds().stdout).ends_with(1);
        site.play("commented");

        site.write_config("[slack]\nchannels = [\"tq-alerts\"]\n[state]\nfile = \"tq/state.db\"\n");
        for name in ["tq.toml", "tq-conn-email-alerts.toml", "night.toml"] {
            fs::copy(site.config(), site.path().join(name)).expect("a file can be copied");
        }
        fs::rename(site.path().join("site"), site.path().join("tq")).expect("the state can be moved");
        Self { site, relay }
    }

    /// Runs an example in a copy of the folder, and asserts what comes of it.
    #[track_caller]
    fn run(&self, example: &str, says: &[&str], leaves: &str) {
        let copy = private_folder();
        let mut cp = Command::new("cp");
        let copied =
            cp.arg("-a").arg(self.site.path().join(".")).arg(copy.path()).status().expect("there is cp");
        assert!(copied.success());
        let here = copy.path().display().to_string();
        let line = example
            .trim_start_matches("0 */2 * * * ")
            .replace(
                "--host mail.example.com",
                &format!("--host 127.0.0.1 --port {} --tls none", self.relay.port()),
            )
            .replace("/etc/tq_labs", &here)
            .replace("/var/log/tq_labs", &here)
            .replace("--since 7d", "--since 2021-10-01");
        let mut bash = Command::new("bash");
        bash.args(["-o", "pipefail", "-c", &format!("conf=tq.toml\n{line}")]).current_dir(copy.path());
        bash.env("PATH", format!("{}:{}:/usr/bin:/bin", folder().display(), scripts().display()));
        let ended = Ended::new("bash", &bash.output().expect("there is bash"));
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{line}\n{}", ended.stdout);
        for words in says {
            assert!(ended.stdout.contains(words), "'{words}' is not printed by\n{line}\n{}", ended.stdout);
        }
        assert!(copy.path().join(leaves).exists(), "{leaves} is not there after\n{line}");
    }
}

#[test]
fn every_example_of_the_pages_and_the_readme_does_what_it_says() {
    let desk = Desk::new();
    let mut rows = ROWS.iter();
    for document in [SUITE, CONNECTOR, COLLECTION, WATCHLIST, FORMAT, SLACK, RECORDS, SEND, README] {
        for example in examples_in(document) {
            let row =
                rows.next().unwrap_or_else(|| panic!("no row for an example in {document}:\n{example}"));
            let (place, begins, says, leaves) = *row;
            assert!(
                place == document && example.starts_with(begins),
                "{row:?} is not\n{document}: {example}"
            );
            desk.run(&example, says, leaves);
        }
    }
    assert_eq!(rows.next(), None, "no example for this row");
}

#[test]
fn the_page_of_the_suite_has_ten_pipelines() {
    assert_eq!(examples_in(SUITE).len(), 10);
}
