#!/usr/bin/env python3
"""What a store with very many trials costs: its bytes, the daemon's start and memory, answers to clients.

    store_size.py BUILD_FOLDER [--jobs 1664] [--operators 300] [--output FILE]

The state directory is filled with finished jobs whose histories are whole. The daemon is started on it as
after a clean stop, and again after a kill. Bytes are counted beside one for each operator of a trial, its
dtypes; they hold the jobs, the indexes and what is left free at the ends of pages.
"""
import argparse
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import tempfile
import time

import machine

LIMITS = {"bytes_per_trial": 200, "start_seconds": 10, "start_seconds_after_kill": 10, "list_ms": 50,
          "show_ms": 50, "trials_ms": 50, "resident_mib": 200}
QUESTIONS = {"list_ms": ["list"], "show_ms": ["show", "1"], "trials_ms": ["trials", "1", "--last", "20"]}


class Daemon:
    def __init__(self, build, folder):
        self.build, self.socket = build, folder / "socket"
        started = time.monotonic()
        self.process = subprocess.Popen([build / "src/daemon/ampd", "--state-dir", folder / "state", "--socket",
                                         self.socket], stderr=subprocess.DEVNULL)
        while self.ask("show", "1").returncode != 0:
            if self.process.poll() is not None or time.monotonic() - started > 120:
                raise SystemExit("the daemon does not serve")
            time.sleep(0.01)
        self.start_seconds = time.monotonic() - started

    def ask(self, *arguments):
        return subprocess.run([self.build / "src/client/ampctl", *arguments, "--socket", self.socket],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def answer_ms(self, arguments):
        times = []
        for _ in range(9):
            started = time.monotonic()
            assert self.ask(*arguments).returncode == 0
            times.append(1000 * (time.monotonic() - started))
        return statistics.median(times)

    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

    def end(self, by_kill):
        self.process.kill() if by_kill else self.process.terminate()
        self.process.wait()


def change_and_die(path):
    """Leaves something in the log: what a daemon finds there tells it that it was not stopped cleanly."""
    child = os.fork()
    if child == 0:
        database = sqlite3.connect(path)
        database.execute("UPDATE job SET message = 'changed' WHERE id = 1")
        database.commit()
        os._exit(0)
    os.waitpid(child, 0)
    assert pathlib.Path(f"{path}-wal").stat().st_size > 0


def measured(build, jobs, operators):
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = pathlib.Path(name)
        made = subprocess.run([build / "tests/benchmark/large_store", folder / "state", str(jobs), str(operators)],
                              check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": name})
        row = json.loads(made.stdout)
        path = folder / "state/ampd.db"
        database = sqlite3.connect(path)
        row["trials"], dtypes_bytes = database.execute("SELECT count(*), sum(length(precisions)) FROM trial").fetchone()
        database.close()
        row["bytes_per_trial"] = (path.stat().st_size - dtypes_bytes) / row["trials"]
        daemon = Daemon(build, folder)
        row["start_seconds"] = daemon.start_seconds
        for key, question in QUESTIONS.items():
            row[key] = daemon.answer_ms(question)
        row["resident_mib"] = daemon.resident_mib()
        daemon.end(by_kill=True)
        change_and_die(path)
        daemon = Daemon(build, folder)
        row["start_seconds_after_kill"] = daemon.start_seconds
        row["resident_mib"] = max(row["resident_mib"], daemon.resident_mib())
        daemon.end(by_kill=False)
    return row


def print_row(row):
    print(f"{row['trials']:,} trials; storing one takes {1e6 * row['seconds_per_trial']:.0f} µs in memory")
    for key, limit in LIMITS.items():
        print(f"{key.replace('_', ' '):<26}{row[key]:>10.2f}   at most {limit}")


def is_right(row):
    return all(row[key] <= limit for key, limit in LIMITS.items())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=1664)
    parser.add_argument("--operators", type=int, default=300)
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    row = measured(arguments.build.resolve(), arguments.jobs, arguments.operators)
    print_row(row)
    if arguments.output:
        arguments.output.write_text(json.dumps({"machine": machine.description(), **row}, indent=2) + "\n")
    if not is_right(row):
        raise SystemExit("a large store costs more than it may")


if __name__ == "__main__":
    main()
