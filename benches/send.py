"""Rows: how fast mail leaves."""

import itertools
import sqlite3
import time

import measure
import servers
from instance import emails, short
from report import Row


def source(port, count, size, sessions=1):
    """The peer: Postfix's own load generator, which keeps its lines."""
    return ["smtp-source", "-d", "-s", sessions, "-m", count, "-l", size, "-f", "threatq@example.com",
            "-t", "soc@example.com", f"127.0.0.1:{port}"]


def sender(port, *flags):
    return ["tq-send-smtp", "--host", "127.0.0.1", "--port", port, "--tls", "none", *flags]


def stateless(bench):
    count = 5000 if bench.is_quick else 10000
    long_stream, _, long_size = emails(bench.folder, count)
    brief_stream, brief_size = short(bench.folder, count)
    for_server, for_client = servers.processors()
    cases = itertools.product(((brief_stream, brief_size), (long_stream, long_size)), (1, 4))
    for (stream, size), sessions in cases:
        with servers.sink(for_server) as port:
            ours, theirs, bare = measure.in_turn(
                bench.runs(7),
                lambda: count / measure.run([*for_client, *sender(port, "--connections", sessions)], stream).wall,
                lambda: count / measure.run([*for_client, *source(port, count, size, sessions)]).wall,
                lambda: count / measure.run([*for_client, "bare-smtp", port, count, size, sessions]).wall,
            )
        name = f"{in_words(sessions)}, mails of {size:,} bytes"
        yield Row(f"send, {name}", "mails/s", ours, "smtp-source", theirs, at_least=2.5)
        yield Row(f"the limit of that: {in_words(sessions)}, one mail again and again", "mails/s", bare, "smtp-source",
                  theirs)


def beside_lettre(bench):
    count, their_count = 5000, 50 if bench.is_quick else 200
    stream, size = short(bench.folder, count)
    for_server, for_client = servers.processors()
    with servers.sink(for_server) as port:
        ours, theirs = measure.in_turn(
            bench.runs(5),
            lambda: count / measure.run([*for_client, *sender(port)], stream).wall,
            lambda: their_count / measure.run([*for_client, "lettre-transport", port, their_count, size]).wall,
        )
    yield Row("send, 1 session, beside lettre's own transport", "mails/s", ours, "lettre's SmtpTransport", theirs,
              at_least=100)


def single(bench):
    """A program is started for each mail, as a script does that has one to send."""
    count = 20 if bench.is_quick else 50
    stream, _, _ = emails(bench.folder, 200)
    record, mail = stream.with_name("one"), next((stream.parent / "Maildir/new").iterdir())
    with open(stream, encoding="utf-8") as lines:
        record.write_text(next(lines), encoding="utf-8")
    loop = ["sh", "-c", f'for number in $(seq {count}); do "$@" <"$0" >/dev/null || exit; done']
    with servers.sink() as port:
        peers = {
            "msmtp": ["msmtp", "--host=127.0.0.1", f"--port={port}", "--auth=off", "--tls=off",
                      "--from=threatq@example.com", "soc@example.com"],
            "swaks": ["swaks", "--server", f"127.0.0.1:{port}", "--from", "threatq@example.com", "--to",
                      "soc@example.com", "--data", "-", "--silent", "2"],
        }
        for peer, command in peers.items():
            if not bench.has(peer):
                continue
            ours, theirs = measure.in_turn(
                bench.runs(5),
                lambda: count / measure.run([*loop, record, *sender(port)]).wall,
                lambda: count / measure.run([*loop, mail, *command]).wall,
            )
            yield Row("send, a program for each mail", "mails/s", ours, peer, theirs)


def durable(bench):
    count = 1000 if bench.is_quick else 3000
    stream, _, _ = emails(bench.folder, count)

    def with_state(sessions):
        with servers.sink() as port:
            state = bench.fresh("state") / "state.db"
            return count / measure.run(sender(port, "--connections", sessions, "--state", state), stream).wall

    for sessions in (1, 4):
        ours, theirs = measure.in_turn(bench.runs(5), lambda: with_state(sessions),
                                       lambda: count / commits(bench.folder, count))
        yield Row(f"send with state, {in_words(sessions)}", "per s", ours, "SQLite's durable commits", theirs,
                  at_least=0.5)


def in_words(sessions):
    return "1 session" if sessions == 1 else f"{sessions} sessions"


def commits(folder, count):
    """Seconds for so many transactions of one row, each on disk before the next begins."""
    file = folder / "commits.db"
    for end in ("", "-wal", "-shm"):
        (folder / f"commits.db{end}").unlink(missing_ok=True)
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE delivery (id INTEGER PRIMARY KEY, outcome TEXT)")
    begin = time.perf_counter()
    for number in range(count):
        database.execute("INSERT INTO delivery VALUES (?, 'accepted')", (number,))
    seconds = time.perf_counter() - begin
    database.close()
    return seconds


def far(bench):
    count = 50 if bench.is_quick else 200
    stream, _, size = emails(bench.folder, count)
    with servers.sink() as port, servers.long_line(port, 20) as near:
        ours, theirs = measure.in_turn(
            bench.runs(3),
            lambda: count / measure.run(sender(near), stream).wall,
            lambda: count / measure.run(source(near, count, size)).wall,
        )
    yield Row("send over 20 ms", "mails/s", ours, "smtp-source", theirs)
