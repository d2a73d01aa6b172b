"""What was measured, as a table for people, with the machine that it was measured on."""

import datetime
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass, field

from measure import Spread

TITLES = ("what", "ours", "beside it", "its figure", "ratio (lowest to highest)", "target", "")


@dataclass
class Row:
    """One figure of ours and, where there is a peer, the peer's.

    The ratio is above 1 where ours is better, and is taken round by round, so that its spread is the comparison's."""

    name: str
    unit: str
    ours: list
    peer: str = ""
    theirs: list = field(default_factory=list)
    less_is_better: bool = False
    at_least: float = 0
    at_most: float = 0

    def ratio(self):
        pairs = zip(self.theirs, self.ours) if self.less_is_better else zip(self.ours, self.theirs)
        return Spread.of([above / below for above, below in pairs]) if self.theirs else None

    def verdict(self):
        """The target and whether it is met: of the ratio at least, of the figure itself at most."""
        if self.at_least and self.theirs:
            return f"≥ {self.at_least:g} ×", "met" if self.ratio().median >= self.at_least else "missed"
        if self.at_most:
            is_met = Spread.of(self.ours).median <= self.at_most
            return f"≤ {self.at_most:g} {self.unit}".strip(), "met" if is_met else "missed"
        return "", ""

    def cells(self):
        ratio = self.ratio()
        return (
            self.name,
            shown(Spread.of(self.ours), self.unit),
            self.peer,
            shown(Spread.of(self.theirs), self.unit) if self.theirs else "",
            f"{figure(ratio.median)} × ({figure(ratio.low)} to {figure(ratio.high)})" if ratio else "",
            *self.verdict(),
        )


def figure(value):
    """Three digits say all that a measurement on a shared machine knows."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.1e}"


def shown(spread, unit):
    words = f"{figure(spread.median)} {unit}"
    if spread.low != spread.high:
        words += f" ({figure(spread.low)} to {figure(spread.high)})"
    return words


def table(rows):
    cells = [TITLES, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(TITLES))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def said(*command):
    """The first line of what a command says."""
    if not shutil.which(command[0]):
        return "not installed"
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(iter((answer.stdout or answer.stderr).strip().splitlines()), "unknown")


def fact(file, key):
    """The value of a key in one of the kernel's or the system's files."""
    try:
        with open(file, encoding="utf-8") as lines:
            pairs = (line.replace("=", ":", 1).partition(":") for line in lines)
            return next(value.strip().strip('"') for name, _, value in pairs if name.strip() == key)
    except (OSError, StopIteration):
        return "unknown"


def versions(python):
    """What was compared, each by its own word."""
    modules = "import jinja2, requests; print('jinja2', jinja2.__version__ + ', requests', requests.__version__)"
    return [
        said("git", "log", "-1", "--format=tq-alerts %h of %cs"),
        said("rustc", "--version"),
        "Postfix " + said("postconf", "-h", "mail_version"),
        " ".join(said("curl", "--version").split()[:2]),
        said("jq", "--version"),
        *(said(*words).splitlines()[0] for words in (("mlr", "--version"), ("msmtp", "--version"), ("swaks", "--version"))
          if shutil.which(words[0])),
        f"Python {platform.python_version()}" + (f" with {said(python, '-c', modules)}" if python else ""),
    ]


def load():
    return ", ".join(f"{average:.1f}" for average in os.getloadavg())


def page(rows, absent, is_quick, load_before, seconds, python):
    """The whole of BENCHMARKS.md."""
    processors = os.cpu_count()
    memory = int(fact("/proc/meminfo", "MemTotal").split()[0]) / 1024**2
    processor = fact("/proc/cpuinfo", "model name")
    is_busy = float(load_before.split(",")[0]) > 0.3
    lines = [
        "# Benchmarks",
        "",
        f"Written by `scripts/bench{' --quick' if is_quick else ''}`, which says in its head what it needs.",
        "A figure is the median of several runs, with the lowest and the highest; ours and the peer's run in turn on the",
        "same machine, and the ratio is taken round by round. Above 1 it is in our favour. The figures are those of this",
        "machine at that hour, and only the ratios mean something elsewhere, where nothing else was running.",
        "",
        f"* When: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {seconds / 60:.0f} minutes",
        f"* Machine: {processor}, {processors} processors, {memory:.0f} GiB, Linux {platform.release()},"
        f" {fact('/etc/os-release', 'PRETTY_NAME')}",
        f"* Load averages before: {load_before}; after: {load()}."
        + (" **The machine was doing other work as well.**" if is_busy else ""),
        *(f"* {version}" for version in versions(python)),
        "",
        table(rows),
        "",
        *(f"Left out: {reason}.\n" for reason in absent),
        NOTES,
    ]
    return "\n".join(lines)


NOTES = """\
## What is measured

* **send**: the same number of mails of the same size to Postfix's `smtp-sink`, which has one processor to itself while
  the sender has the others. `smtp-source` sends one text again and again, over lines that it keeps (`-d`); ours reads
  records, makes the bytes of each mail, and prints receipts. The longer mails are those that tq-format-email makes of
  watched objects, the shorter ones have a text alone. "The limit" reads and makes nothing: one body again and again, each
  in one write with the announcement of the next (`bare-smtp` in `benches/peer/lettre`); it shows what the sink leaves.
* **beside lettre's own transport**: the shorter mails, beside lettre's `SmtpTransport` sending one message again and again
  over one connection that its pool keeps (`benches/peer/lettre`).
* **a program for each mail**: as many processes as mails, one after the other, started by `sh`; `msmtp` and `swaks` are
  given the final bytes.
* **send with state**: outcomes that are on disk before and after each mail, beside transactions of one row that SQLite
  makes durable on the same disk (`journal_mode=WAL`, `synchronous=FULL`).
* **over 20 ms**: a line with a round trip of 20 ms to the same sink, one session.
* **format**: alerts to emails with text and HTML, beside Python with jinja2 and `email` (`benches/peer/format.py`), which
  shows less of each object, but makes the final bytes as well: "and bytes" does so too, in two processes.
* **records**: marks, which `tq-format-email` reads, checks and passes on as they are, beside `jq -c .` and `mlr`, which take
  the same file apart and put it together again.
* **fetch**: `tq-fetch-collection` without a state, login included, beside `curl` asking for the same pages in the same
  order over one connection and keeping nothing. "20 ms" is a simulator that answers so much later.
* **watchlist**: `tq-fetch-watchlist` with a state that knows 500 objects; requests as the simulator counted them, with
  logins.
* **run**: the whole connector, `tq-conn-email-alerts`, beside `benches/peer/python_connector.py` against the same servers,
  each with a state from before the changes: 200 of 500 watched objects changed, 1,000 new in the collection. The floor is
  `curl` asking for the same things one after the other, and then `smtp-source` sending as many mails of the same size.
* **start-up**: up to the end of empty input, with a configuration, in which the fetchers are switched off.
* **resident**: the most that each stage had in memory, in a pipe of all three.
* **growth**: the exponent between the two largest fetches: 1 where twice the objects take twice as long.
"""
