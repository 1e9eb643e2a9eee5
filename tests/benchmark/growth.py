#!/usr/bin/env python3
"""How the time of a job grows with its operators, its samples and its trials.

    growth.py BUILD_FOLDER [--rounds 3] [--quick] [--output FILE]

Whole jobs on chains of equal convolutions, with a goal that no trial meets; their time
is that from start to end in the store. Each series changes one size by doubling it. The sizes alternate round
by round; through the medians of the rounds goes a line in logarithms, whose slope is the exponent of the growth.

N operators take 2 N trials of N operators each: an exponent of 2 at most, less where what each job costs anyway
counts. Samples have one of 1 at most. Trials have one of about 1: the first fallback trials share nearly all of
a chain, later ones less and less, but the baseline and the model-wise trial, which share nothing, come first.
"""
import pathlib
import statistics
import tempfile

import numpy

import part
from benchmark_jobs import taken_seconds, write_job
from benchmark_models import CHAIN_SHAPE, conv_chain

BATCH = 50
TRIALS_MAX = 100
# The most is what is expected of each and 0.15 for the machine's changes of speed.
SERIES = {
    "operators": {"sizes": (4, 8, 16, 32), "samples": 400, "exponent_max": 2.15},
    "samples": {"sizes": (250, 500, 1000, 2000), "operators": 8, "exponent_max": 1.15},
    "trials": {"sizes": (4, 8, 16, 32), "operators": 16, "samples": 400, "exponent_max": 1.15}}


class Chains:
    """The jobs on chains, whose models and data lie in one folder."""

    def __init__(self, folder, samples_max):
        self.folder = folder
        random = numpy.random.default_rng(1)
        numpy.save(folder / "x.npy", random.standard_normal((samples_max, *CHAIN_SHAPE)).astype(numpy.float32))
        numpy.save(folder / "y.npy", random.integers(0, CHAIN_SHAPE[0], samples_max))

    def seconds(self, build, operators, samples, trials):
        model, job_file = self.folder / f"chain{operators}.onnx", self.folder / "job.yaml"
        if not model.exists():
            conv_chain(model, operators)
        # F1 has no bound that could end a trial early.
        job = {"name": "chain", "model": model, "x": self.folder / "x.npy", "y": self.folder / "y.npy",
               "metric": "F1: {}", "transform": "", "goal": "absolute: -0.5", "batch": BATCH,
               "iteration": samples // BATCH}
        write_job(job_file, job, 1, "accuracy", max_trials=trials)
        return taken_seconds(build, self.folder, job_file)


def job_sizes(name, size):
    fixed = {key: value for key, value in SERIES[name].items() if key in ("operators", "samples")}
    return {"trials": TRIALS_MAX, **fixed, name: size}


def exponent(sizes, seconds):
    return float(numpy.polyfit(numpy.log(sizes), numpy.log(seconds), 1)[0])


def row_of(name, seconds_by_size):
    medians = {size: statistics.median(seconds) for size, seconds in seconds_by_size.items()}
    return {"series": name, **{key: SERIES[name].get(key) for key in ("operators", "samples", "exponent_max")},
            "sizes": list(medians), "seconds_by_round": list(seconds_by_size.values()),
            "seconds": list(medians.values()), "exponent": exponent(list(medians), list(medians.values()))}


def print_row(row):
    points = "".join(f"{f'{size}: {seconds:.2f} s':>14}" for size, seconds in zip(row["sizes"], row["seconds"]))
    print(f"{row['series']:<10}{row['operators'] or '-':>10}{row['samples'] or '-':>8}"
          f"{row['exponent']:>9.2f}{row['exponent_max']:>8.2f}  {points}", flush=True)


def measured_series(build, rounds, quick=False):
    # In the short form the first and the third: the second of three would not change the slope.
    sizes = {name: series["sizes"][:3:2] if quick else series["sizes"] for name, series in SERIES.items()}
    seconds = {name: {size: [] for size in sizes[name]} for name in SERIES}
    with tempfile.TemporaryDirectory() as folder:
        chains = Chains(pathlib.Path(folder), max(sizes["samples"]))
        for number in range(rounds):
            order = [(name, size) for name in SERIES for size in sizes[name]]
            for name, size in order[:: 1 if number % 2 == 0 else -1]:
                seconds[name][size].append(chains.seconds(build, **job_sizes(name, size)))
    rows = [row_of(name, by_size) for name, by_size in seconds.items()]
    print(f"{'growing':<10}{'operators':>10}{'samples':>8}{'exponent':>9}{'at most':>8}  seconds by size")
    for row in rows:
        print_row(row)
    return rows


def is_right(rows):
    return all(row["exponent"] <= row["exponent_max"] for row in rows)


if __name__ == "__main__":
    part.run(measured_series, is_right, "a job grows faster than it may",
             rounds=part.count(3), quick={"action": "store_true"})
