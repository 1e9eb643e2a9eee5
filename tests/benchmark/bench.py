#!/usr/bin/env python3
"""Every measurement of performance in one run: prints tables, stores build/bench.json.

    bench.py BUILD_FOLDER [--output FILE] [--pairs 5] [--quick]
             [--parts precision executor together lanes trial plan growth store durability]
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import durability_ratio
import executor_ratio
import growth
import lanes_ratio
import machine
import plan_ratio
import precision_ratio
import store_size
import trial_ratio

round_ms = 150
PARTS = ("precision", "executor", "together", "lanes", "trial", "plan", "growth", "store", "durability")


def output_of(*command):
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def versions(build):
    model = machine.ROOT / "examples/digits/digits.onnx"
    inspected = output_of(build / "src/client/ampctl", "--json", "inspect", model)
    return {"commit": output_of("git", "-C", machine.ROOT, "describe", "--always", "--dirty"),
            "fingerprint": inspected and json.loads(inspected)["fingerprint"], "node": output_of("node", "--version")}


def together(build, pairs, quick):
    """In a small process of its own: what it starts inherits the memory peak of its parent."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, pathlib.Path(__file__).with_name("merged_ratio.py"), build,
                   "--pairs", str(pairs), "--output", file.name, *(["--only", "digits"] if quick else [])]
        sys.stdout.flush()
        is_right = subprocess.run(command).returncode == 0
        return json.loads(pathlib.Path(file.name).read_text())["rows"], is_right


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=5, help="rounds of each comparison, half as many of jobs")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, the smallest batches, one small job")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="all if none is named")
    arguments = parser.parse_args()
    build, quick = arguments.build.resolve(), arguments.quick
    pairs = 3 if quick else arguments.pairs
    all_right = True
    report = {"machine": machine.description(), "versions": versions(build)}
    facts = report["machine"]
    print(f"{facts['cpu']}, {facts['cpus']} CPUs, load {facts['load_average'][0]:.1f}, "
          f"{report['versions']['fingerprint']}")
    if "precision" in arguments.parts:
        print("\nbf16 against fp32")
        report["precision"] = precision_ratio.measured_models(build, [], pairs, 1)
    if "executor" in arguments.parts:
        print("\nampd against ONNX Runtime fp32; above 1 ampd is faster")
        report["executor"] = executor_ratio.measured_models(build, pairs, round_ms, [1, 2], quick=quick)
    if "together" in arguments.parts:
        print("\ntrials together against one by one")
        report["together"], all_right = together(build, max(1, pairs // 2), quick)
    if "lanes" in arguments.parts:
        print("\nbatches in lanes against operators divided among threads")
        report["lanes"] = lanes_ratio.measured_jobs(build, max(1, pairs // 2), 2, ["digits"] if quick else None)
        all_right = all_right and lanes_ratio.is_right(report["lanes"])
    if "trial" in arguments.parts:
        print("\na trial that changes one operator, beyond its execution")
        report["trial"] = trial_ratio.measured_models(build, 4 if quick else 12)
    if "plan" in arguments.parts:
        print("\nthe time that a plan predicts, against the time that the job takes")
        report["plan"] = plan_ratio.measured_jobs(build, max(1, pairs // 2), 1, ["digits"] if quick else None)
    if "growth" in arguments.parts:
        print("\nhow the time of a job grows with its operators, its samples and its trials")
        report["growth"] = growth.measured_series(build, pairs // 2 + 1, quick)
    if "store" in arguments.parts:
        print("\na store with very many trials")
        report["store"] = store_size.measured(build, *((50, 100) if quick else (1664, 300)))
        store_size.print_row(report["store"])
    if "durability" in arguments.parts:
        print("\na job of trials of 100 ms with its store on the disk, against in memory")
        report["durability"] = durability_ratio.measured(build, build, pairs)
    if arguments.output:
        arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    if not executor_ratio.is_right(report.get("executor", {}).get("rows", [])):
        sys.exit("outputs differ between the executors")
    if not trial_ratio.is_right(report.get("trial", [])):
        sys.exit("a trial of ResNet-50 costs more beyond its execution than it may")
    if not plan_ratio.is_right(report.get("plan", [])):
        sys.exit("a plan is further off than it may be")
    if not growth.is_right(report.get("growth", [])):
        sys.exit("a job grows faster than it may")
    if "store" in report and not store_size.is_right(report["store"]):
        sys.exit("a large store costs more than it may")
    if "durability" in report and not durability_ratio.is_right(report["durability"]):
        sys.exit("durability costs more than it may")
    if not all_right:
        sys.exit("tables differ, or a run took more memory than its budget")


if __name__ == "__main__":
    main()
