#!/usr/bin/env python3
"""What it costs that every trial is on disk when it is told of: a job of short trials with its store on the
disk, against the same job with its store in memory.

    durability_ratio.py BUILD_FOLDER [--rounds 5] [--disk FOLDER] [--output FILE]

Each trial is a command that takes 100 ms. The runs alternate; right is a median ratio of at most 1.02.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import machine
from machine import ROOT

RATIO_MAX = 1.02
MEMORY = "/dev/shm"

JOB = """model: {{name: digits, path: {digits}/digits.onnx}}
evaluation:
  eval_func: {{command: [/bin/sh, -c, "sleep 0.1; echo 0.5"]}}
tuning:
  objective: accuracy
  accuracy_criterion: {{absolute: -0.5}}
"""


def seconds_of_job(build, place):
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = pathlib.Path(name)
        job_file = folder / "job.yaml"
        job_file.write_text(JOB.format(digits=ROOT / "examples/digits"))
        started = time.monotonic()
        run = subprocess.run([build / "src/daemon/ampd", "run", job_file, "--state-dir", folder / "state", "--json"],
                             capture_output=True, text=True)
        if run.returncode != 10:
            sys.exit(run.stderr)
        return time.monotonic() - started


def measured(build, disk, rounds):
    on_disk, in_memory = [], []
    for i in range(rounds):
        for place, samples in [(disk, on_disk), (MEMORY, in_memory)][:: 1 if i % 2 == 0 else -1]:
            samples.append(seconds_of_job(build, place))
    row = {"disk_seconds": on_disk, "memory_seconds": in_memory,
           "ratio": statistics.median(d / m for d, m in zip(on_disk, in_memory))}
    print(f"on disk {statistics.median(on_disk):.3f} s, in memory {statistics.median(in_memory):.3f} s,"
          f" ratio {row['ratio']:.4f}, at most {RATIO_MAX}")
    return row


def is_right(row):
    return row["ratio"] <= RATIO_MAX


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--disk", type=pathlib.Path, help="a folder on the disk; the build folder's if none is given")
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    row = measured(build, arguments.disk or build, arguments.rounds)
    if arguments.output:
        arguments.output.write_text(json.dumps({"machine": machine.description(), **row}, indent=2) + "\n")
    if not is_right(row):
        sys.exit("durability costs more than it may")


if __name__ == "__main__":
    main()
