#!/usr/bin/env python3
"""How well `ampctl plan` predicts the time of a job, against the time that the job then takes.

    plan_ratio.py BUILD_FOLDER [--rounds 3] [--threads 1] [--only MODEL...] [--output FILE]

The jobs have a goal that no trial meets, which is what a plan assumes, and are run to their end with
`ampd run`, latency included. Plan and run alternate. Right is a ratio of predicted to taken seconds
between 0.75 and 1.25 (its median over the rounds).
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
from machine import ROOT, SHARED

ERROR_MAX = 0.25

JOB = """model: {{name: {name}, path: {model}}}
mixed_precision: {{precisions: [bf16]}}
evaluation:
  accuracy:
    configs: {{intra_num_of_threads: {threads}}}
    iteration: {iteration}
    metric: {{{metric}}}
    dataloader:
      batch_size: {batch}
      dataset: {{npy: {{input: {x}, label: {y}}}}}
{transform}tuning:
  accuracy_criterion: {{{goal}}}
"""

DIGITS = "      transform: {Normalize: {mean: [0], std: [16]}}\n"
CIFAR = ("      transform: {Rescale: {}, Normalize: {mean: [0.4914, 0.4822, 0.4465],"
         " std: [0.2470, 0.2435, 0.2616]}}\n")


def jobs():
    digits = ROOT / "examples/digits"
    yield {"name": "digits", "model": digits / "digits.onnx", "x": digits / "heldout_x.npy",
           "y": digits / "heldout_y.npy", "batch": 1, "iteration": 360, "metric": "topk: 1",
           "transform": DIGITS, "goal": "absolute: -0.5"}
    if not SHARED.exists():
        print(f"the other models are left out: {SHARED} is absent", file=sys.stderr)
        return
    models, data = SHARED / "models", SHARED / "data"
    cifar = {"x": data / "cifar10_test_x.npy", "y": data / "cifar10_test_y.npy", "metric": "topk: 1",
             "transform": CIFAR, "goal": "absolute: -0.5"}
    yield {"name": "resnet20", "model": models / "cifar10_resnet20.onnx", "batch": 50, "iteration": 40, **cifar}
    yield {"name": "mobilenet", "model": models / "cifar10_mobilenet.onnx", "batch": 25, "iteration": 160, **cifar}
    yield {"name": "char_gpt", "model": models / "char_gpt.onnx", "x": data / "shakespeare_x.npy",
           "y": data / "shakespeare_y.npy", "batch": 16, "iteration": 24, "metric": "perplexity: {}",
           "transform": "", "goal": "relative: -0.5"}


def planned_seconds(build, job_file):
    planned = subprocess.run([build / "src/client/ampctl", "--json", "plan", job_file], check=True,
                             capture_output=True, text=True)
    return json.loads(planned.stdout)


def taken_seconds(build, folder, job_file):
    subprocess.run(["rm", "-rf", folder / "state"], check=True)
    started = time.monotonic()
    command = [build / "src/daemon/ampd", "run", job_file, "--state-dir", folder / "state", "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 10:
        sys.exit(f"{' '.join(map(str, command))}: {run.stderr}")
    return time.monotonic() - started


def compared(build, folder, job, rounds, threads):
    job_file = folder / "job.yaml"
    job_file.write_text(JOB.format(threads=threads, **job))
    planned, taken, planning = [], [], []
    for _ in range(rounds):
        started = time.monotonic()
        plan = planned_seconds(build, job_file)
        planning.append(time.monotonic() - started)
        planned.append(plan["total_seconds"])
        taken.append(taken_seconds(build, folder, job_file))
    return {"job": job["name"], "trials": plan["trials"], "passes": plan["passes"], "threads": threads,
            "planning_seconds": statistics.median(planning), "planned_seconds": planned, "taken_seconds": taken,
            "ratio": statistics.median(p / t for p, t in zip(planned, taken))}


def measured_jobs(build, rounds, threads, only=None):
    rows = []
    print(f"{'job':<10}{'trials':>7}{'passes':>7}{'planning':>10}{'planned':>10}{'taken':>10}{'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for job in jobs():
            if only and job["name"] not in only:
                continue
            row = compared(build, pathlib.Path(folder), job, rounds, threads)
            rows.append(row)
            print(f"{row['job']:<10}{row['trials']:>7}{row['passes']:>7}{row['planning_seconds']:>9.2f}s"
                  f"{statistics.median(row['planned_seconds']):>9.2f}s"
                  f"{statistics.median(row['taken_seconds']):>9.2f}s{row['ratio']:>7.2f}", flush=True)
    return rows


def is_right(rows):
    return all(abs(row["ratio"] - 1) <= ERROR_MAX for row in rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="+", metavar="JOB")
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    rows = measured_jobs(arguments.build.resolve(), arguments.rounds, arguments.threads, arguments.only)
    if arguments.output:
        report = {"machine": machine.description(), "rows": rows}
        arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    if not is_right(rows):
        sys.exit(f"a plan is more than {ERROR_MAX:.0%} off")


if __name__ == "__main__":
    main()
