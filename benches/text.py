"""Rows: how fast records are read, turned into mails, and written."""

import measure
import servers
from instance import Instance, emails
from report import Row


def formatting(bench):
    count = 2000 if bench.is_quick else 5000
    _, alerts, _ = emails(bench.folder, count)
    flags = ["--from", "threatq@example.com", "--to", "soc@example.com", "--max-mails", "1000000"]
    ours = ["tq-format-email", *flags]
    maildir = ["tq-send-smtp", "--dry-run", "--host", "127.0.0.1"]
    both = ["sh", "-c", '"$@" | ' + " ".join(maildir), "sh", *ours]
    ours, with_bytes, theirs = measure.in_turn(
        bench.runs(5),
        lambda: count / measure.run(ours, alerts).wall,
        lambda: count / measure.run(both, alerts).wall,
        lambda: count / measure.run([bench.python, bench.here / "peer/format.py"], alerts).wall,
    )
    peer = "Python, email and jinja2"
    yield Row("format", "mails/s", ours, peer, theirs, at_least=20)
    yield Row("format, and bytes", "mails/s", with_bytes, peer, theirs)


def records(bench):
    count = 100_000 if bench.is_quick else 500_000
    place = bench.fresh("records")
    with servers.threatq(place, count) as threatq:
        instance = Instance(place / "instance", threatq.url)
        marks = instance.write("marks", instance.program("tq-fetch-collection"))
    size = marks.stat().st_size / 1e6
    for peer, at_least in ((["jq", "-c", "."], 5), (["mlr", "--ijsonl", "--ojsonl", "cat"], 0)):
        if not bench.has(peer[0]):
            continue
        ours, theirs = measure.in_turn(
            bench.runs(5),
            lambda: size / measure.run(instance.program("tq-format-email"), marks).wall,
            lambda: size / measure.run(peer, marks).wall,
        )
        yield Row("records, read and passed on", "MB/s", ours, " ".join(peer), theirs, at_least=at_least)
