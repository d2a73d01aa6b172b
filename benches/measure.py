"""Measuring: what a command costs, several in turn, and what the runs say together.

A command that does not end with 0 stops the benchmark: a number of something that failed is worse than none.
"""

import contextlib
import os
import statistics
import subprocess
import time
from dataclasses import dataclass


@dataclass
class Cost:
    """Seconds by the clock, and seconds of processor with all processes that the command waited for."""

    wall: float
    cpu: float


def run(command, stdin=None, stdout=None):
    """Runs a command to its end, from and into files."""
    with contextlib.ExitStack() as files:
        source = files.enter_context(open(stdin, "rb")) if stdin else subprocess.DEVNULL
        target = files.enter_context(open(stdout, "wb")) if stdout else subprocess.DEVNULL
        begin = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdin=source, stdout=target,
                                   stderr=subprocess.PIPE)
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        words = complaint.decode(errors="replace").strip()[-500:]
        raise SystemExit(f"scripts/bench: {command[0]} ended with {process.returncode}: {words}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def in_turn(runs, *ways):
    """Measures each way once a round, so that what else the machine does meets all of them. A list for each way."""
    rounds = [[way() for way in ways] for _ in range(runs)]
    return [list(results) for results in zip(*rounds)]


def resident(stages, folder, stdin=None):
    """Runs a pipe of commands, and says how much memory each of them had at most, in MiB.

    Needs GNU time: a process that Python starts is charged with Python's own memory."""
    reports = [folder / f"resident-{number}" for number in range(len(stages))]
    source = open(stdin, "rb") if stdin else subprocess.DEVNULL
    processes = []
    for number, (stage, report) in enumerate(zip(stages, reports)):
        is_last = number == len(stages) - 1
        command = ["/usr/bin/time", "--format=%M", f"--output={report}", *(str(word) for word in stage)]
        process = subprocess.Popen(command, stdin=source,
                                   stdout=subprocess.DEVNULL if is_last else subprocess.PIPE)
        if source is not subprocess.DEVNULL:
            source.close()
        source = process.stdout
        processes.append(process)
    for process, stage in zip(processes, stages):
        if process.wait() != 0:
            raise SystemExit(f"scripts/bench: {stage[0]} ended with {process.returncode}")
    return [int(report.read_text().split()[-1]) / 1024 for report in reports]


@dataclass
class Spread:
    """The median of several runs, and the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values):
        return cls(statistics.median(values), min(values), max(values))
