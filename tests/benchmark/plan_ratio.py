#!/usr/bin/env python3
"""How well `ampctl plan` predicts the time of a job, against the time that the job then takes.

    plan_ratio.py BUILD_FOLDER [--rounds 3] [--threads 1] [--lanes 1] [--only MODEL...] [--output FILE]

The jobs have a goal that no trial meets, which is what a plan assumes, and are run to their end with
`ampd run`, latency included; their time is that from start to end in the store. Plan and run alternate.
Right is a ratio of predicted to taken seconds between 0.75 and 1.25, its median over the rounds.
"""
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import part
from benchmark_jobs import jobs, taken_seconds, write_job

ERROR_MAX = 0.25

SIZES = {"digits": {"batch": 1, "iteration": 360}, "resnet20": {"batch": 50, "iteration": 40},
         "mobilenet": {"batch": 25, "iteration": 160}, "char_gpt": {"batch": 16, "iteration": 24}}


def plan_of(build, job_file):
    planned = subprocess.run([build / "src/client/ampctl", "--json", "plan", job_file], check=True,
                             capture_output=True, text=True)
    return json.loads(planned.stdout)


def compared(build, folder, job, rounds, threads, lanes):
    job_file = folder / "job.yaml"
    write_job(job_file, job, threads, "performance", lanes=lanes)
    planned, taken, planning = [], [], []
    for _ in range(rounds):
        started = time.monotonic()
        plan = plan_of(build, job_file)
        planning.append(time.monotonic() - started)
        planned.append(plan["total_seconds"])
        taken.append(taken_seconds(build, folder, job_file))
    return {"job": job["name"], "trials": plan["trials"], "passes": plan["passes"], "threads": threads, "lanes": lanes,
            "planning_seconds": statistics.median(planning), "planned_seconds": planned, "taken_seconds": taken,
            "ratio": statistics.median(p / t for p, t in zip(planned, taken))}


def measured_jobs(build, rounds, threads, only=None, lanes=1):
    rows = []
    print(f"{'job':<10}{'trials':>7}{'passes':>7}{'planning':>10}{'planned':>10}{'taken':>10}{'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for job in jobs(SIZES):
            if only and job["name"] not in only:
                continue
            row = compared(build, pathlib.Path(folder), job, rounds, threads, lanes)
            rows.append(row)
            print(f"{row['job']:<10}{row['trials']:>7}{row['passes']:>7}{row['planning_seconds']:>9.2f}s"
                  f"{statistics.median(row['planned_seconds']):>9.2f}s"
                  f"{statistics.median(row['taken_seconds']):>9.2f}s{row['ratio']:>7.2f}", flush=True)
    return rows


def is_right(rows):
    return all(abs(row["ratio"] - 1) <= ERROR_MAX for row in rows)


if __name__ == "__main__":
    part.run(measured_jobs, is_right, f"a plan is more than {ERROR_MAX:.0%} off",
             rounds=part.count(3), threads=part.count(1), lanes=part.count(1), only=part.names_of(SIZES))
