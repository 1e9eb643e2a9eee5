#!/usr/bin/env python3
"""What evaluating batches in lanes gains, against every operator divided among all threads.

    lanes_ratio.py BUILD_FOLDER [--pairs 3] [--threads 2] [--only MODEL...] [--output FILE]

Runs jobs whose goal no trial meets with `ampd run`: in one lane with all threads, in as many lanes as
threads, and in one lane with one thread, in alternation. The last two must give the same tables.
"""
import pathlib
import statistics
import tempfile

import part
from benchmark_jobs import jobs, write_job
from merged_ratio import Run

SIZES = {"digits": [{"batch": 1, "iteration": 360}, {"batch": 10, "iteration": 36}],
         "mobilenet": [{"batch": 1, "iteration": 300}, {"batch": 10, "iteration": 30}],
         "char_gpt": [{"batch": 1, "iteration": 96}]}


def compared(build, folder, job, pairs, threads):
    job_file = folder / "job.yaml"
    runs = {(1, threads): [], (threads, threads): [], (1, 1): []}  # by lanes and threads
    for _ in range(pairs):
        for (lanes, all_threads), so_far in runs.items():
            write_job(job_file, job, all_threads, "accuracy", lanes=lanes)
            so_far.append(Run(build, folder, job_file))
    divided, in_lanes, alone = runs.values()
    ratios = [a.seconds / b.seconds for a, b in zip(divided, in_lanes)]
    return {"job": job["name"], "batch": job["batch"], "threads": threads,
            "divided_seconds": statistics.median(run.seconds for run in divided),
            "lanes_seconds": statistics.median(run.seconds for run in in_lanes),
            "one_thread_seconds": statistics.median(run.seconds for run in alone),
            "ratio": statistics.median(ratios), "least": min(ratios), "greatest": max(ratios),
            "same_tables": all(run.tables == alone[0].tables for run in in_lanes + alone)}


def measured_jobs(build, pairs, threads, only=None):
    rows = []
    print(f"{'job':<10}{'batch':>6}{'divided':>10}{'lanes':>9}{'1 thread':>10}{'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for name in only or SIZES:
            for size in SIZES[name]:
                for job in jobs({name: size}):
                    row = compared(build, pathlib.Path(folder), job, pairs, threads)
                    rows.append(row)
                    print(f"{row['job']:<10}{row['batch']:>6}{row['divided_seconds']:>9.2f}s"
                          f"{row['lanes_seconds']:>8.2f}s{row['one_thread_seconds']:>9.2f}s{row['ratio']:>7.2f}"
                          f" ({row['least']:.2f}-{row['greatest']:.2f})"
                          f"{'' if row['same_tables'] else '  the tables differ'}", flush=True)
    return rows


def is_right(rows):
    return all(row["same_tables"] for row in rows)


if __name__ == "__main__":
    part.run(measured_jobs, is_right, "lanes changed a table",
             pairs=part.count(3), threads=part.count(2), only=part.names_of(SIZES))
