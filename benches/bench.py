"""The rows of the benchmark, in order: what each needs, what there is, and the table at the end.

Called by scripts/bench, which builds the programs and puts them on the path.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import connector
import fetch
import report
import send
import stages
import text

HERE = Path(__file__).resolve().parent
# Name, what it needs that may be missing, and what yields its rows.
ROWS = (
    ("send", ("smtp-sink", "smtp-source"), send.stateless),
    ("lettre", ("smtp-sink",), send.beside_lettre),
    ("single", ("smtp-sink",), send.single),
    ("state", ("smtp-sink",), send.durable),
    ("line", ("smtp-sink", "smtp-source"), send.far),
    ("format", ("jinja2",), text.formatting),
    ("records", ("jq",), text.records),
    ("fetch", ("curl",), fetch.collection),
    ("delay", ("curl",), fetch.far),
    ("run", ("smtp-sink", "smtp-source", "curl", "jinja2"), connector.rows),
    ("start", (), stages.start),
    ("memory", ("smtp-sink", "time"), stages.memory),
)
PACKAGES = {"smtp-sink": "postfix", "smtp-source": "postfix", "jinja2": "python3-jinja2 and python3-requests"}


class Bench:
    """What all rows share: a folder on this disk, how many runs, a Python with the peers' modules if there is one."""

    def __init__(self, folder, is_quick):
        self.folder, self.is_quick, self.here = folder, is_quick, HERE
        self.python = next(filter(has_modules, (sys.executable, "/usr/bin/python3")), None)

    def runs(self, number):
        return min(number, 3) if self.is_quick else number

    def fresh(self, name):
        """An empty folder; what was there before is gone."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
        return place

    def has(self, need):
        if need == "jinja2":
            return self.python is not None
        return stages.has_gnu_time() if need == "time" else shutil.which(need) is not None


def has_modules(python):
    probe = [python, "-c", "import jinja2, requests"]
    return shutil.which(python) and subprocess.run(probe, capture_output=True, check=False).returncode == 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer runs")
    parser.add_argument("--rows", help="only these, by name, with commas; writes no file")
    parser.add_argument("--list", action="store_true", help="print the names")
    flags = parser.parse_args()
    names = [name for name, *_ in ROWS]
    wanted = flags.rows.split(",") if flags.rows else names
    if flags.list:
        print("\n".join(names))
        return
    if unknown := set(wanted) - set(names):
        parser.error(f"no rows {', '.join(sorted(unknown))}; there are {', '.join(names)}")

    begin, load_before = time.monotonic(), report.load()
    rows, absent = [], []
    target = HERE.parent / "target"
    with tempfile.TemporaryDirectory(prefix="bench-", dir=target) as folder:
        bench = Bench(Path(folder), flags.quick)
        for name, needs, measured in ROWS:
            if name not in wanted:
                continue
            missing = sorted({PACKAGES.get(need, need) for need in needs if not bench.has(need)})
            if missing:
                absent.append(f"{name}, because Debian's {', '.join(missing)} is not installed")
                print(f"{name}: left out, {', '.join(missing)} is not installed", file=sys.stderr)
                continue
            for row in measured(bench):
                rows.append(row)
                print(" | ".join(cell for cell in row.cells() if cell), file=sys.stderr, flush=True)
        python = bench.python
    seconds = time.monotonic() - begin
    print(report.table(rows))
    if not flags.rows:
        page = report.page(rows, absent, flags.quick, load_before, seconds, python)
        (HERE.parent / "BENCHMARKS.md").write_text(page, encoding="utf-8")
        print(f"BENCHMARKS.md is written; it took {seconds / 60:.1f} minutes.", file=sys.stderr)


if __name__ == "__main__":
    main()
