"""One instance of tq-alerts in a folder: its configuration, and streams that its programs made."""

import itertools
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
        with open(emails_file, "rb") as lines, open(instance.folder / "some", "wb") as some:
            some.writelines(line for line in itertools.islice(lines, 100) if b'"record":"email"' in line[:30])
        measure.run(["tq-send-smtp", "--maildir", place / "Maildir"], instance.folder / "some")
    files = (place / "Maildir/new").iterdir()
    size = round(statistics.mean(file.stat().st_size for file in files))
    return place / "instance/emails", place / "instance/alerts", size
