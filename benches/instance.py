"""One instance of tq-alerts in a folder: its configuration, and streams that its programs made."""

import itertools
import json
import shutil
import statistics

import measure
import servers


class Instance:
    """A configuration, `bench.toml`, with what else belongs to it in the same folder."""

    def __init__(self, folder, url, port=1, collection="Everything"):
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True)
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_text(servers.PASSWORD + "\n")
        self.config = folder / "bench.toml"
        self.config.write_text(f"""\
[threatq]
url = "{url}"
client_id = "{servers.CLIENT}"
email = "{servers.USER}"
password_file = "password"

[watchlist]
users = ["{servers.USER}"]

[[collection]]
name = "{collection}"

[email]
from = "threatq@example.com"
to = ["soc@example.com"]
max_mails = 1000000

[smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
""")

    def program(self, name, *flags):
        return [name, "--config", self.config, *flags]

    def write(self, name, command, stdin=None):
        """What a program prints, as a file."""
        file = self.folder / name
        measure.run(command, stdin, file)
        return file


def emails(folder, count):
    """So many emails, each about one watched object, in one source that is closed; the alerts that they came from; and
    how many bytes such a mail has."""
    place = folder / f"emails-{count}"
    if not place.exists():
        place.mkdir(mode=0o700)
        with servers.threatq(place, count, watched=count) as threatq:
            instance = Instance(place / "instance", threatq.url)
            fetch = instance.program("tq-fetch-watchlist", "--since", "2000-01-01T00:00:00Z")
            alerts = instance.write("alerts", fetch)
        emails_file = instance.write("emails", instance.program("tq-format-email"), alerts)
        (instance.folder / "size").write_text(str(size(instance.folder, emails_file)))
    folder = place / "instance"
    return folder / "emails", folder / "alerts", int((folder / "size").read_text())


def short(folder, count):
    """The same emails with nothing but a short text, in a source that is left open; how many bytes such a mail has."""
    stream, _, _ = emails(folder, count)
    file = stream.with_name("short")
    with open(stream, encoding="utf-8") as lines, open(file, "w", encoding="utf-8") as written:
        for record in map(json.loads, lines):
            if record["record"] == "email":
                record.pop("html", None)
                record["text"] = "Seen again, by a sensor of the network that nobody had asked.\n" * 20
                written.write(json.dumps(record) + "\n")
    return file, size(stream.parent, file)


def size(folder, emails_file):
    """How many bytes a mail has, as the sender makes it: the mean of some."""
    some, maildir = folder / "some", folder / "Maildir"
    with open(emails_file, "rb") as lines, open(some, "wb") as written:
        written.writelines(line for line in itertools.islice(lines, 100) if b'"email"' in line[:30])
    shutil.rmtree(maildir, ignore_errors=True)
    measure.run(["tq-send-smtp", "--maildir", maildir], some)
    return round(statistics.mean(file.stat().st_size for file in (maildir / "new").iterdir()))
