"""Rows: what a watchlist costs, and the whole connector beside one in Python and beside the floor its servers set."""

import shutil

import measure
import servers
from instance import Instance, emails
from report import Row
from send import source

LIBRARY, WATCHED, CHANGED, NEW = 20_000, 500, 200, 1_000


class Site:
    """A simulated ThreatQ, a sink, and both connectors with a baseline behind them."""

    def __init__(self, bench, place, threatq, port):
        self.threatq, self.place = threatq, place
        self.instance = Instance(place / "instance", threatq.url, port)
        self.ours = ["tq-conn-email-alerts", "-c", self.instance.folder, "-n", "bench"]
        self.theirs = [bench.python, bench.here / "peer/python_connector.py", "--threatq", threatq.url,
                       "--smtp", f"127.0.0.1:{port}", "--state", place / "peer.json", "--user", servers.USER,
                       "--collection", "Everything", "--recipients", "soc@example.com", "--client-id",
                       servers.CLIENT, "--email", servers.USER, "--password", servers.PASSWORD]
        self.state = self.instance.folder / "bench"
        measure.run(self.ours)
        shutil.copytree(self.state, place / "state-before")
        if bench.python:
            measure.run(self.theirs)
            shutil.copy(place / "peer.json", place / "peer-before.json")

    def run_ours(self):
        shutil.rmtree(self.state)
        shutil.copytree(self.place / "state-before", self.state)
        return measure.run(self.ours)

    def run_theirs(self):
        shutil.copy(self.place / "peer-before.json", self.place / "peer.json")
        return measure.run(self.theirs)

    def watchlist(self):
        flags = ("--state", self.place / "state-before/state.db")
        return measure.run(self.instance.program("tq-fetch-watchlist", *flags))

    def requests(self, way):
        """How many a run makes."""
        self.threatq.forget()
        way()
        return len(self.threatq.requests())

    def change(self):
        """An hour later: a status and a comment for some that are watched, and new objects for the collection."""
        watched = [row["object_id"] for row in self.threatq.read("/api/users/2/watchlist")][:CHANGED]
        commands = [{"do": "advance", "seconds": 3600}]
        for number in watched:
            object_ = {"collection": "indicators", "id": number}
            commands.append({"do": "set_status", **object_, "status": "Whitelisted"})
            commands.append({"do": "add_comment", **object_, "user": servers.USER, "text": "Seen again."})
        for number in range(LIBRARY + 1, LIBRARY + NEW + 1):
            value = f"new-{number}.example.net"
            commands.append({"do": "add_indicator", "id": number, "value": value, "type": "FQDN"})
            commands.append({"do": "add_tag", "collection": "indicators", "id": number, "tag": "generated"})
        self.threatq.control(commands)


def rows(bench):
    place = bench.fresh("connector")
    _, _, size = emails(bench.folder, 200)
    with servers.threatq(place, LIBRARY, WATCHED) as threatq, servers.sink() as port:
        site = Site(bench, place, threatq, port)
        types = len(threatq.read("/api/objects"))
        yield from watchlist(bench, site, "nothing changed", at_most=types + 5)
        yield from connectors(bench, site, "nothing new")
        site.change()
        yield from watchlist(bench, site, f"{CHANGED} changed")
        yield from connectors(bench, site, f"{CHANGED} changed, {NEW:,} new", by_cpu=20)
        yield from floor(bench, site, port, size)


def watchlist(bench, site, what, at_most=0):
    name = f"watchlist of {WATCHED}, {what}"
    yield Row(f"{name}: requests", "requests", [site.requests(site.watchlist)], at_most=at_most)
    [seconds] = measure.in_turn(bench.runs(5), lambda: site.watchlist().wall)
    yield Row(f"{name}: time", "s", seconds)


def connectors(bench, site, what, by_cpu=0):
    if not bench.python:
        return
    peer, name = "Python connector", f"run, {what}"
    ours, theirs = measure.in_turn(bench.runs(5), site.run_ours, site.run_theirs)
    yield Row(f"{name}: time", "s", [cost.wall for cost in ours], peer, [cost.wall for cost in theirs], True)
    yield Row(f"{name}: processor", "s", [cost.cpu for cost in ours], peer, [cost.cpu for cost in theirs], True,
              at_least=by_cpu)
    yield Row(f"{name}: requests", "requests", [site.requests(site.run_ours)], peer,
              [site.requests(site.run_theirs)], True)


def floor(bench, site, port, size):
    site.threatq.forget()
    site.run_ours()
    config = site.place / "curl"
    site.threatq.replay(config, site.threatq.requests())

    def servers_alone():
        asked, sent = measure.run(["curl", "--config", config]), measure.run(source(port, CHANGED + 1, size))
        return measure.Cost(asked.wall + sent.wall, asked.cpu + sent.cpu)

    name, peer = "run, the same, beside its floor", "curl, then smtp-source"
    ours, theirs = measure.in_turn(bench.runs(5), site.run_ours, servers_alone)
    # No more than one and a half times as long.
    yield Row(f"{name}: time", "s", [cost.wall for cost in ours], peer, [cost.wall for cost in theirs], True,
              at_least=0.667)
    yield Row(f"{name}: processor", "s", [cost.cpu for cost in ours], peer, [cost.cpu for cost in theirs], True)
