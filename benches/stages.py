"""Rows: how soon each program begins, and how much memory it takes."""

import os
import sys

import measure
import servers
from instance import Instance
from report import Row

PROGRAMS = ("tq-fetch-watchlist", "tq-fetch-collection", "tq-format-email", "tq-send-smtp")


def start(bench):
    place = bench.fresh("start")
    instance = Instance(place / "instance", "http://127.0.0.1:1")
    # A fetcher would go on and ask ThreatQ; switched off, it ends with its configuration read.
    instance.config.write_text("enabled = false\n" + instance.config.read_text())
    for program in PROGRAMS:
        command = instance.program(program)
        ours, theirs = measure.in_turn(20, lambda: 1000 * measure.run(command).wall,
                                       lambda: 1000 * measure.run([sys.executable, "-c", "pass"]).wall)
        yield Row(f"start-up, {program}", "ms", ours, "python3 -c pass", theirs, True, at_most=10)


def memory(bench):
    objects, watched = (200_000, 5_000) if bench.is_quick else (1_000_000, 20_000)
    yield from collection(bench, 10_000, "a baseline", [])
    yield from collection(bench, objects, "a baseline", [])
    yield from collection(bench, objects, "all in a digest", ["--since", "2000-01-01T00:00:00Z"])
    place = bench.fresh("memory")
    with servers.threatq(place, watched, watched) as threatq, servers.sink() as port:
        instance = Instance(place / "instance", threatq.url, port)
        for row in stages(instance, "tq-fetch-watchlist", [], f"{watched:,} watched, a baseline"):
            yield row


def collection(bench, objects, what, flags):
    place = bench.fresh("memory")
    with servers.threatq(place, objects) as threatq, servers.sink() as port:
        instance = Instance(place / "instance", threatq.url, port)
        yield from stages(instance, "tq-fetch-collection", flags, f"{objects:,} objects, {what}")


def stages(instance, fetcher, flags, what):
    state = ["--state", instance.folder / "state.db"]
    pipe = [instance.program(fetcher, *flags, *state), instance.program("tq-format-email"),
            instance.program("tq-send-smtp", *state)]
    for program, resident in zip(pipe, measure.resident(pipe, instance.folder)):
        yield Row(f"resident, {what}: {program[0]}", "MiB", [resident],
                  at_most=48 if program[0] == "tq-fetch-collection" else 64)


def has_gnu_time():
    return os.access("/usr/bin/time", os.X_OK)
