#!/usr/bin/env python3
"""How fast is ampd's executor beside ONNX Runtime's?

    executor_ratio.py BUILD_FOLDER [--pairs 7] [--round-ms 250] [--threads 1 2] [--only MODEL...] [--quick]

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
# A case that takes longer has fewer rounds.
CASE_MS, ROUNDS_MIN = 60_000, 3
EXECUTORS = ("onnxruntime", "fp32", *(["bf16"] if machine.computes_bf16() else []))
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
        """The milliseconds of each of `count` executions, and the processor's for one on average."""
        self.child.stdin.write(f"{count}\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        return answer["ms"], answer["cpu_ms"] / count

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


def pace(executor, round_ms):
    """How many executions a round has and the milliseconds of one, tried once where it fills the round: at
    batch 64 it may take ten seconds."""
    milliseconds = executor.run(1)[0]
    if milliseconds[0] < round_ms:
        milliseconds += executor.run(2)[0]
    one = statistics.median(milliseconds)
    return max(1, round(round_ms / one)), one


def measured(executors, pairs, round_ms):
    """How many executions a round has, the median of their milliseconds and the processor's for one,
    by executor and round."""
    paces = {name: pace(each, round_ms) for name, each in executors.items()}
    counts = {name: count for name, (count, _) in paces.items()}
    fitting = int(CASE_MS / sum(count * one for count, one in paces.values()))
    rounds, cpu_rounds = {name: [] for name in executors}, {name: [] for name in executors}
    for number in range(min(pairs, max(ROUNDS_MIN, fitting))):
        order = list(executors)
        for name in order if number % 2 == 0 else order[::-1]:
            milliseconds, cpu = executors[name].run(counts[name])
            rounds[name].append(statistics.median(milliseconds))
            cpu_rounds[name].append(cpu)
    return counts, rounds, cpu_rounds


def compared(executors, case, batch, threads, pairs, round_ms):
    row = {"model": case.name, "batch": batch, "threads": threads}
    if "onnxruntime" in executors:
        ours, theirs = executors["fp32"].output(), executors["onnxruntime"].output()
        row["max_difference"] = float(numpy.max(numpy.abs(ours - theirs)))
        largest = float(numpy.max(numpy.abs(theirs)))
        row["same"] = bool(numpy.allclose(ours, theirs, rtol=1e-3, atol=1e-4 * largest))
    row["executions_per_round"], row["ms_by_round"], row["cpu_ms_by_round"] = measured(
        executors, pairs, round_ms)
    row["ms"] = {name: statistics.median(values) for name, values in row["ms_by_round"].items()}
    if "onnxruntime" in executors:
        for name in EXECUTORS[1:]:
            row[f"{name}_ratio"] = ratio(row["ms_by_round"], name)
            if threads == 1:
                row[f"{name}_cpu_ratio"] = ratio(row["cpu_ms_by_round"], name)
    return row


def ratio(by_round, name):
    return spread([theirs / ours for theirs, ours in zip(by_round["onnxruntime"], by_round[name])])


def ratio_text(row, name):
    value = row.get(name)
    return "-" if value is None else f"{value['median']:.2f}x ({value['min']:.2f}-{value['max']:.2f})"


def milliseconds_text(row, name):
    return f"{row['ms'][name]:.3f}" if name in row["ms"] else "-"


def print_row(row):
    print(f"{row['model']:<18}{row['batch']:>5}{row['threads']:>8}"
          f"{milliseconds_text(row, 'onnxruntime'):>12}{milliseconds_text(row, 'fp32'):>10}"
          f"{milliseconds_text(row, 'bf16'):>10}"
          f"{ratio_text(row, 'fp32_ratio'):>21}{ratio_text(row, 'fp32_cpu_ratio'):>21}"
          f"{ratio_text(row, 'bf16_ratio'):>21}{'' if row.get('same', True) else '  OUTPUTS DIFFER'}", flush=True)


def measured_models(build, pairs, round_ms, threads, only=None, quick=False):
    runtime = installed_runtime(build)
    if "bf16" not in EXECUTORS:
        print("bf16 is left out: this processor computes it in fp32")
    print(f"{'model':<18}{'batch':>5}{'threads':>8}{'runtime ms':>12}{'fp32 ms':>10}{'bf16 ms':>10}"
          f"{'fp32 ratio':>21}{'of CPU time':>21}{'bf16 ratio':>21}")
    rows = []
    chosen = [case for case in cases(build) if not only or case.name in only]
    if missing := set(only or ()) - {case.name for case in chosen}:
        sys.exit(f"there is no model named {' or '.join(sorted(missing))}")
    for case in chosen:
        for batch in case.batches[:1] if quick else case.batches:
            for count in threads:
                with tempfile.TemporaryDirectory() as folder:
                    executors = started(build, runtime, case, batch, count, pathlib.Path(folder))
                    rows.append(compared(executors, case, batch, count, pairs, round_ms))
                    for each in executors.values():
                        each.close()
                print_row(rows[-1])
    return {"runtime": f"{PACKAGE} {VERSION}" if runtime else None, "rows": rows}


def is_right(rows):
    return all(row.get("same", True) for row in rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--round-ms", type=float, default=250, help="how long each executor runs in a round")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", metavar="MODEL")
    parser.add_argument("--quick", action="store_true", help="the smallest batch of each model")
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    report = {"machine": machine.description(),
              **measured_models(arguments.build.resolve(), arguments.pairs, arguments.round_ms,
                                arguments.threads, arguments.only, arguments.quick)}
    if arguments.output:
        arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    if not is_right(report["rows"]):
        sys.exit("outputs differ between the executors")


if __name__ == "__main__":
    main()
