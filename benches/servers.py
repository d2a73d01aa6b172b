"""The servers of a benchmark, on loopback, on ports that are free: a sink for mail, a simulated ThreatQ, a long line.

Each ends with its `with` block, and the simulator also with this process, however that ends.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
USER, PASSWORD, CLIENT = "ana@example.com", "watch-and-wait", "demo-client"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def await_port(port):
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"scripts/bench: nothing listens on port {port}")


@contextlib.contextmanager
def running(command, **options):
    process = subprocess.Popen([str(word) for word in command], **options)
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        process.terminate()
        process.wait()


def processors():
    """One processor for the server and the others for its clients, as far as there are two."""
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) < 2 or not shutil.which("taskset"):
        return [], []
    return (["taskset", "--cpu-list", str(mine[0])],
            ["taskset", "--cpu-list", ",".join(str(number) for number in mine[1:])])


@contextlib.contextmanager
def sink(pinned=()):
    """Postfix's smtp-sink, which takes every mail and keeps none. Gives its port."""
    port = free_port()
    # As root it insists on being somebody else.
    user = ["-u", "postfix"] if os.geteuid() == 0 else []
    with running([*pinned, "smtp-sink", *user, f"127.0.0.1:{port}", "1000"], stderr=subprocess.DEVNULL):
        await_port(port)
        yield port


@contextlib.contextmanager
def long_line(port, milliseconds):
    """A line to a port with this round trip. Gives the port of its near end."""
    with running([sys.executable, HERE / "long_line.py", port, milliseconds], stdout=subprocess.PIPE,
                 text=True) as process:
        yield int(process.stdout.readline())


class ThreatQ:
    """A simulated ThreatQ that runs."""

    def __init__(self, url):
        self.url = url

    def control(self, commands):
        with self._open("/control", commands):
            pass

    def requests(self):
        """What was asked since `forget`, logins with it."""
        with self._open("/control/requests") as answer:
            return [json.loads(line) for line in answer]

    def forget(self):
        self.control([{"do": "clear_requests"}])

    def token(self):
        login = {"email": USER, "password": PASSWORD}
        with self._open(f"/api/token?grant_type=password&client_id={CLIENT}", login) as answer:
            return json.load(answer)["access_token"]

    def _open(self, route, body=None, token=None):
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        encoded = None if body is None else json.dumps(body).encode()
        return urllib.request.urlopen(urllib.request.Request(self.url + route, encoded, headers), timeout=600)

    def read(self, route):
        with self._open(route, token=self.token()) as answer:
            return json.load(answer)["data"]

    def replay(self, file, requests):
        """Writes requests as a configuration of curl, which then asks for the same, in the same order, over one
        connection. A login is not repeated: no password is in what the simulator notes."""
        token = self.token()
        parts = []
        for entry in requests:
            if entry["path"] == "/api/token":
                continue
            url = self.url + entry["path"] + (f"?{entry['query']}" if entry["query"] else "")
            lines = [f"url = {json.dumps(url)}", f'header = "Authorization: Bearer {token}"',
                     f'request = "{entry["method"]}"', 'output = "/dev/null"', "globoff", "silent", "fail"]
            if entry["body"]:
                lines += ['header = "Content-Type: application/json"', f"data = {json.dumps(entry['body'])}"]
            parts.append("\n".join(lines))
        file.write_text("\nnext\n".join(parts) + "\n")


@contextlib.contextmanager
def threatq(folder, objects, watched=0, delay=0):
    """A simulated ThreatQ with so many objects, of which Ana watches some."""
    file = folder / "url"
    file.unlink(missing_ok=True)
    command = ["threatq-sim", "--objects", objects, "--watched", watched, "--delay", delay, "--port-file", file,
               "--exit-with-parent", "--lifetime", "1800"]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL):
        for _ in range(600):
            if file.exists() and file.read_text().strip():
                break
            time.sleep(0.05)
        yield ThreatQ(file.read_text().strip())
