"""Rows: how fast a data collection is read, and how that grows."""

import math
import statistics

import measure
import servers
from instance import Instance
from report import Row


def collection(bench):
    medians = {}
    for objects in (10_000, 200_000, 1_000_000):
        runs = 1 if bench.is_quick and objects > 200_000 else bench.runs(2 if objects > 200_000 else 5)
        row = beside_curl(bench, objects, 0, runs, 0.8 if objects == 200_000 else 0)
        medians[objects] = objects / statistics.median(row.ours)
        yield row
    (small, short), (large, long) = list(medians.items())[-2:]
    exponent = math.log(long / short) / math.log(large / small)
    yield Row(f"growth, fetch of {small:,} to {large:,}", "", [exponent], at_most=1.1)


def far(bench):
    yield beside_curl(bench, 50_000 if bench.is_quick else 200_000, 20, bench.runs(3), 3)


def beside_curl(bench, objects, delay, runs, at_least):
    place = bench.fresh("fetch")
    with servers.threatq(place, objects, delay=delay) as threatq:
        instance = Instance(place / "instance", threatq.url)
        ours = instance.program("tq-fetch-collection")
        threatq.forget()
        measure.run(ours)
        pages = [entry for entry in threatq.requests() if entry["path"] == "/api/indicators/query"]
        config = place / "curl"
        threatq.replay(config, pages)
        results = measure.in_turn(
            runs,
            lambda: objects / measure.run(ours).wall,
            lambda: objects / measure.run(["curl", "--config", config]).wall,
        )
    name = f"fetch {objects:,} objects" + (f", {delay} ms" if delay else "")
    return Row(name, "objects/s", results[0], "curl", results[1], at_least=at_least)
