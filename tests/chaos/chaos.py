#!/usr/bin/env python3
"""Every test that breaks something on purpose: prints a table, stores build/chaos.json.

    chaos.py BUILD_FOLDER [--quick] [--seed N] [--jobs N] [--output FILE] [NAME...]

As many suites run at once as there are processors; a row is printed when its suite has ended.

A suite is a program that takes --cases N and --seed S, names each failing case with the seed that
reproduces it on standard error, and ends its output with one line of JSON:
{"cases": tried, "failures": found}, with "skipped" and the reason where it cannot run. With
--control the protection that it tests is switched off: a suite that then finds nothing is no test,
and counts as failed.
"""
import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Suite:
    name: str
    program: str  # of BUILD_FOLDER/tests/chaos, or a script beside this file
    cases: int
    quick_cases: int  # 0: left out of a quick run
    control_cases: int
    proves: str


SUITES = [
    Suite("small worlds", "small_worlds", 1_402_665, 100_000, 1_000,
          "a search folded anew from any prefix of any history goes on as the one that made it"),
    Suite("simulation", "simulation", 10_000, 60, 10,
          "a job under crashes, disk faults, dying workers and clients ends with the tables of an undisturbed one"),
    Suite("power cuts, modelled", "power_cuts", 100_000, 500, 3,
          "whatever a cut leaves of unsynced writes, no told trial is lost and the job ends the same"),
    Suite("damage", "damage", 4_000, 300, 300,
          "a flipped bit, a lost sector, a cut-off end: what alters a trial is found before it is used"),
    Suite("disk faults", "disk_faults", 5_000, 150, 1,
          "whichever operation of the disk fails, once or for good, full or broken: the job ends the same"),
    Suite("failpoints", "failpoints", 4_000, 100, 3,
          "killed before or after any write, sync, truncation or removal of a file, the job ends the same"),
    Suite("many jobs", "many_jobs", 13_300, 300, 1,
          "of up to 10,000 queued jobs, some cancelled, the process killed: a start takes 2 s at most, all end right"),
    Suite("kills", "kills.py", 1_000, 15, 6,
          "SIGKILL of daemon and worker at random moments changes no table and leaves no process"),
    Suite("kills in a trial", "trial_kills.py", 20, 0, 1,
          "SIGKILL of daemon and worker in long trials of a real model repeats a second of evaluation at most"),
    Suite("double start", "double_start.py", 500, 50, 1,
          "of fifty daemons started at once on one state directory one lives, the others name its pid"),
    Suite("bad workers", "bad_workers.py", 300, 15, 6,
          "workers that crash, hang, lie, repeat themselves, come late or eat the memory cost attempts, no result"),
    Suite("bad clients", "bad_clients.py", 200, 6, 2,
          "floods, dribble, rubbish and a lack of descriptors leave the owner answered and his job as it was"),
    Suite("small disks", "small_disks.py", 80, 3, 1,
          "on a full disk the daemon says so, answers, and goes on by itself when there is space"),
    Suite("power cuts, real", "real_power_cuts.py", 100, 5, 2,
          "ext4 that forgets what was not synced keeps every trial that was told of"),
]


def command_of(suite, build):
    if suite.program.endswith(".py"):
        return [sys.executable, str(HERE / suite.program), str(build)]
    return [str(build / "tests/chaos" / suite.program)]


def run(suite, build, cases, seed, *options):
    command = [*command_of(suite, build), "--cases", str(cases), "--seed", str(seed), *options]
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
    environment = {**os.environ, **({"TMPDIR": folder} if folder else {})}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    lines = done.stdout.strip().splitlines()
    try:
        result = json.loads(lines[-1])
        if {"cases", "failures"} <= result.keys():
            return result
    except (IndexError, json.JSONDecodeError, AttributeError):
        pass
    return {"cases": 0, "failures": 1, "error": f"{' '.join(command)} ended with {done.returncode} and no result"}


def judged(suite, build, seed, quick):
    """A suite's row: its cases as they should be, then its control."""
    started = time.monotonic()
    row = run(suite, build, suite.quick_cases if quick else suite.cases, seed)
    control = run(suite, build, suite.control_cases, seed, "--control")
    row["control_failures"] = control["failures"]
    if "error" in control:
        row["error"] = control["error"]
    return {"name": suite.name, "proves": suite.proves, **row,
            "seconds": round(time.monotonic() - started, 1)}


def is_right(row):
    if "skipped" in row:
        return True
    return row["cases"] > 0 and row["failures"] == 0 and row["control_failures"] > 0 and "error" not in row


def printed(row):
    remark = row.get("error") or ("skipped: " + row["skipped"] if "skipped" in row else "")
    return (f"{row['name']:<34} {row['cases']:>9} {row['failures']:>9} "
            f"{row['control_failures']:>9} {row['seconds']:>8.1f}" + (f"  {remark}" if remark else ""))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="a short share of each suite")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("AMPD_SEED", random.randrange(1 << 31))))
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="suites at once")
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("names", nargs="*", help="suites, by name; all if none is given")
    arguments = parser.parse_intermixed_args()
    unknown = set(arguments.names) - {suite.name for suite in SUITES}
    if unknown:
        sys.exit(f"there is no suite {', '.join(sorted(unknown))}; there are: {', '.join(s.name for s in SUITES)}")
    print(f"seed {arguments.seed}\n{'TEST':<34} {'CASES':>9} {'FAILURES':>9} {'CONTROL':>9} {'SECONDS':>8}", flush=True)
    chosen = [suite for suite in SUITES
              if (suite.name in arguments.names or not arguments.names) and (suite.quick_cases or not arguments.quick)]
    if not chosen:
        sys.exit(f"{', '.join(arguments.names)}: not a part of a quick run; try it without --quick")
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        judging = [pool.submit(judged, suite, arguments.build.resolve(), arguments.seed, arguments.quick)
                   for suite in chosen]
        for ended in concurrent.futures.as_completed(judging):
            print(printed(ended.result()), flush=True)
        rows = [ended.result() for ended in judging]
    if arguments.output:
        arguments.output.write_text(json.dumps({"seed": arguments.seed, "quick": arguments.quick, "rows": rows},
                                               indent=2) + "\n")
    wrong = [row["name"] for row in rows if not is_right(row)]
    print(f"{len(rows) - len(wrong)} suites passed, {len(wrong)} failed" + (f": {', '.join(wrong)}" if wrong else ""))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
