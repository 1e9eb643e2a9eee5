#!/usr/bin/env python3
"""How fast is ampd's executor beside ONNX Runtime's?

    executor_ratio.py BUILD_FOLDER [--pairs 7] [--round-ms 250] [--threads 1,2] [--only NAME,...] [--quick]

Each case runs in long-lived processes, one per executor, that hold the same model and inputs. In a
round each of them executes for about as long, one after the other, so that a change of the machine's
speed hits all; a round's time is the median of its executions. The ratio is taken round by round,
ONNX Runtime's fp32 time over ampd's: above 1, ampd is faster. The outputs must agree.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy

import machine
from benchmark_models import cases

PACKAGE, VERSION = "onnxruntime-node", "1.30.0"
HERE = pathlib.Path(__file__).resolve().parent
EXECUTORS = ("onnxruntime", "fp32", "bf16")
# As ampd starts its workers.
OPENMP = {"OMP_DYNAMIC": "false", "GOMP_SPINCOUNT": "2000"}


def installed_runtime(build):
    """The folder that holds ONNX Runtime, or nothing where it cannot be had."""
    folder = build / "onnxruntime"
    if (folder / "node_modules" / PACKAGE).exists():
        return folder
    folder.mkdir(exist_ok=True)
    try:
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder,
                        f"{PACKAGE}@{VERSION}"], check=True, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as failure:
        reason = getattr(failure, "stderr", None) or str(failure)
        print(f"ONNX Runtime is left out: npm cannot install {PACKAGE}@{VERSION}: {reason.strip()}",
              file=sys.stderr)
        return None
    return folder


class Executor:
    """A process that executes one case when told to."""

    def __init__(self, command, outputs, environment):
        self.outputs = outputs
        self.child = subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True, env={**os.environ, **environment})
        if self.child.stdout.readline().strip() != "ready":
            sys.exit(f"{' '.join(map(str, command))} failed")

    def run(self, count):
        """The milliseconds of each of `count` executions."""
        self.child.stdin.write(f"{count}\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def output(self):
        files = sorted(self.outputs.parent.glob(self.outputs.name + "*"))
        return numpy.concatenate([numpy.fromfile(file, numpy.float32) for file in files])

    def close(self):
        self.child.stdin.close()
        self.child.wait()
        self.child.stdout.close()


def started(build, runtime, case, batch, threads, folder):
    array = folder / "input.npy"
    numpy.save(array, case.make_input(batch))
    given = f"{case.input_name}={array}"
    executors = {}
    for name in EXECUTORS:
        outputs = folder / f"{name}_output"
        if name != "onnxruntime":
            command = [build / "tests/benchmark/executor", case.path, name, threads, outputs, given]
        elif runtime:
            command = ["node", HERE / "onnxruntime_executor.js", runtime, case.path, threads, outputs, given]
        else:
            continue
        executors[name] = Executor(command, outputs, {"OMP_NUM_THREADS": str(threads), **OPENMP})
    return executors


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def measured(executors, pairs, round_ms):
    """The median milliseconds of an execution, by executor and round."""
    counts = {name: max(1, round(round_ms / statistics.median(each.run(3)))) for name, each in executors.items()}
    rounds = {name: [] for name in executors}
    for number in range(pairs):
        order = list(executors)
        for name in order if number % 2 == 0 else order[::-1]:
            rounds[name].append(statistics.median(executors[name].run(counts[name])))
    return counts, rounds


def compared(executors, case, batch, threads, arguments):
    row = {"model": case.name, "batch": batch, "threads": threads}
    if "onnxruntime" in executors:
        ours, theirs = executors["fp32"].output(), executors["onnxruntime"].output()
        row["max_difference"] = float(numpy.max(numpy.abs(ours - theirs)))
        row["same"] = bool(numpy.allclose(ours, theirs, rtol=1e-3, atol=1e-4))
    row["executions_per_round"], row["ms_by_round"] = measured(executors, arguments.pairs, arguments.round_ms)
    row["ms"] = {name: statistics.median(values) for name, values in row["ms_by_round"].items()}
    for name in ("fp32", "bf16"):
        base = row["ms_by_round"].get("onnxruntime")
        if base:
            row[f"{name}_ratio"] = spread([a / b for a, b in zip(base, row["ms_by_round"][name])])
    return row


def ratio_text(row, name):
    ratio = row.get(f"{name}_ratio")
    return "-" if ratio is None else f"{ratio['median']:.2f}x ({ratio['min']:.2f}-{ratio['max']:.2f})"


def print_row(row):
    theirs = row["ms"].get("onnxruntime")
    print(f"{row['model']:<20}{row['batch']:>6}{row['threads']:>8}"
          f"{'-' if theirs is None else format(theirs, '.3f'):>12}{row['ms']['fp32']:>11.3f}{row['ms']['bf16']:>11.3f}"
          f"{ratio_text(row, 'fp32'):>20}{ratio_text(row, 'bf16'):>20}"
          f"{'' if row.get('same', True) else '  OUTPUTS DIFFER'}", flush=True)


def rows(build, arguments):
    runtime = installed_runtime(build)
    print(f"{'model':<20}{'batch':>6}{'threads':>8}{'runtime ms':>12}{'fp32 ms':>11}{'bf16 ms':>11}"
          f"{'fp32 ratio':>20}{'bf16 ratio':>20}")
    result = []
    for case in cases(build):
        if arguments.only and case.name not in arguments.only.split(","):
            continue
        for batch in case.batches[:1] if arguments.quick else case.batches:
            for threads in map(int, arguments.threads.split(",")):
                with tempfile.TemporaryDirectory() as folder:
                    executors = started(build, runtime, case, batch, threads, pathlib.Path(folder))
                    result.append(compared(executors, case, batch, threads, arguments))
                    for each in executors.values():
                        each.close()
                print_row(result[-1])
    return result


def add_options(parser):
    parser.add_argument("--round-ms", type=float, default=250, help="how long each executor runs in a round")
    parser.add_argument("--only", help="models, by name, separated by commas")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--quick", action="store_true", help="the smallest batch of each model")
    parser.add_argument("--output", type=pathlib.Path)
    add_options(parser)
    arguments = parser.parse_args()
    report = {"machine": machine.description(), "runtime": f"{PACKAGE} {VERSION}",
              "rows": rows(arguments.build.resolve(), arguments)}
    if arguments.output:
        arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    if not all(row.get("same", True) for row in report["rows"]):
        sys.exit("outputs differ between the executors")


if __name__ == "__main__":
    main()
