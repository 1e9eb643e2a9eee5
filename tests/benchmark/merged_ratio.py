#!/usr/bin/env python3
"""What evaluating trials together saves, against evaluating them one by one in the same engine.

    merged_ratio.py BUILD_FOLDER [--pairs 3] [--threads 1] [--output FILE]

Runs jobs whose goal cannot be met, so that every trial is made, with `ampd run`: together, one by one,
and together within a memory budget, in alternation; the budget is a tenth less than together took, but
more than one by one takes. All must give the same tables. The ideal is the time of each stage's distinct
steps over the time of all its configs' steps, by measured step times.
"""
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile

import part
from benchmark_jobs import jobs, write_job

TABLES = ("SELECT seq, stage, state, accuracy, delta, meets_goal, low_ops, fp32_ops, reused_from, config_digest"
          " FROM trials ORDER BY seq",
          "SELECT seq, op, op_type, dtype FROM trial_ops ORDER BY seq, op",
          "SELECT rank, op, op_type, accuracy, impact FROM rankings ORDER BY rank",
          "SELECT seq, model_bytes, footprint_bytes FROM trial ORDER BY seq")

SIZES = {"digits": {"batch": 100, "iteration": 3, "shape": "image=100x1x8x8"},
         "resnet20": {"batch": 100, "iteration": 10, "shape": "input=100x3x32x32"},
         "char_gpt": {"batch": 64, "iteration": 4, "shape": "tokens=64x64"}}


class Run:
    """One job from an empty state directory to its end."""

    def __init__(self, build, folder, job_file, *options):
        state = folder / "state"
        subprocess.run(["rm", "-rf", state], check=True)
        command = [build / "src/daemon/ampd", "run", job_file, "--state-dir", state, "--json", *options]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        complaint = child.stderr.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        if os.waitstatus_to_exitcode(status) != 10:
            sys.exit(f"{' '.join(map(str, command))}: {complaint}")
        database = sqlite3.connect(state / "ampd.db")
        self.tables = [database.execute(query).fetchall() for query in TABLES]
        self.seconds = database.execute("SELECT sum(seconds) FROM trials").fetchone()[0]
        self.peak_mib = usage.ru_maxrss / 1024
        self.stages = {}
        for stage, seq, op, dtype in database.execute(
                "SELECT stage, o.seq, o.op, o.dtype FROM trial_ops o JOIN trials t USING (job, seq)"
                " WHERE reused_from IS NULL ORDER BY o.seq"):
            self.stages.setdefault(stage, {}).setdefault(seq, {})[op] = dtype


def compared(build, folder, job, pairs, threads):
    job_file = folder / "job.yaml"
    write_job(job_file, job, threads, "accuracy")
    together, alone, small = [], [], []
    for _ in range(pairs):
        together.append(Run(build, folder, job_file))
        alone.append(Run(build, folder, job_file, "--trials-together", "1"))
        least_mib = Run(build, folder, job_file, "--memory-mib", "1").peak_mib
        budget_mib = max(int(together[-1].peak_mib * 0.9), int(least_mib * 1.03) + 1)
        small.append(Run(build, folder, job_file, "--memory-mib", str(budget_mib)))
        small[-1].budget_mib = budget_mib
    same = all(run.tables == alone[0].tables for run in together + alone + small)
    configs = folder / "configs.json"
    configs.write_text(json.dumps([list(configs.values()) for configs in alone[0].stages.values()]))
    ideal = json.loads(subprocess.run(
        [build / "tests/benchmark/distinct_share", job["model"], configs, str(threads),
         "5", job["shape"]], check=True, capture_output=True, text=True).stdout)["ideal"]
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(together, alone))
    return {"job": job["name"], "trials": len(alone[0].tables[0]), "threads": threads,
            "one_by_one_seconds": statistics.median(run.seconds for run in alone),
            "together_seconds": statistics.median(run.seconds for run in together),
            "ratio": ratio, "ideal": ideal, "ratio_to_ideal": ratio / ideal, "same_tables": same,
            "peak_mib": max(run.peak_mib for run in together),
            "budget_mib": min(run.budget_mib for run in small),
            "peak_within_budget_mib": max(run.peak_mib for run in small),
            "within_budget": all(run.peak_mib <= run.budget_mib for run in small),
            "ratio_within_budget": statistics.median(a.seconds / b.seconds for a, b in zip(small, alone))}


def measured_jobs(build, pairs, threads, only=None):
    rows = []
    print(f"{'job':<10}{'trials':>7}{'one by one':>12}{'together':>10}{'ratio':>7}{'ideal':>7}{'to ideal':>9}"
          f"{'tables':>9}{'peak':>9}{'budget':>9}{'peak in it':>11}{'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for job in jobs(SIZES):
            if only and job["name"] not in only:
                continue
            row = compared(build, pathlib.Path(folder), job, pairs, threads)
            rows.append(row)
            print(f"{row['job']:<10}{row['trials']:>7}{row['one_by_one_seconds']:>11.2f}s"
                  f"{row['together_seconds']:>9.2f}s{row['ratio']:>7.2f}{row['ideal']:>7.2f}"
                  f"{row['ratio_to_ideal']:>9.2f}{'same' if row['same_tables'] else 'DIFFER':>9}"
                  f"{row['peak_mib']:>5.0f} MiB{row['budget_mib']:>5} MiB"
                  f"{row['peak_within_budget_mib']:>7.0f} MiB{row['ratio_within_budget']:>7.2f}", flush=True)
    return rows


def is_right(rows):
    return all(row["same_tables"] and row["within_budget"] for row in rows)


if __name__ == "__main__":
    part.run(measured_jobs, is_right, "tables differ, or a run took more memory than its budget",
             pairs=part.count(3), threads=part.count(1), only=part.names_of(SIZES))
