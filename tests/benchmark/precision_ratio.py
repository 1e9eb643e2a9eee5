#!/usr/bin/env python3
"""How much faster is bf16 than fp32? Runs `ampctl bench` on both in alternation and compares.

    precision_ratio.py BUILD_FOLDER [MODEL NAME=SHAPE]... [--pairs 7] [--threads 1] [--output FILE]

Each pair is one fp32 and one bf16 measurement, one after the other, so that a change of the machine's
speed hits both; the ratio is taken pair by pair and its median is what counts. The fp32 rate is given
as a share of the fp32 peak that `ampctl doctor` measures, the ceiling of bf16 as the ratio of the two
peaks.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

import machine
from machine import ROOT, SHARED


def json_of(*command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measured(ampctl, model, shape, precision, threads):
    return json_of(ampctl, "bench", str(model), "--shape", shape, "--precision", precision,
                   "--threads", str(threads), "--json")


def compared(ampctl, model, shape, pairs, threads, peak):
    runs = [[measured(ampctl, model, shape, precision, threads) for precision in ("fp32", "bf16")]
            for _ in range(pairs)]
    ratios = sorted(fp32["latency_ms"]["median"] / bf16["latency_ms"]["median"]
                    for fp32, bf16 in runs)
    fp32_gflops = statistics.median(fp32["gflops"] for fp32, _ in runs)
    return {
        "model": str(model), "shape": shape, "threads": threads, "pairs": pairs,
        "fp32_ms": statistics.median(fp32["latency_ms"]["median"] for fp32, _ in runs),
        "bf16_ms": statistics.median(bf16["latency_ms"]["median"] for _, bf16 in runs),
        "speedup_median": statistics.median(ratios),
        "speedup_min": ratios[0], "speedup_max": ratios[-1],
        "fp32_gflops": fp32_gflops,
        "fp32_share_of_peak": fp32_gflops / peak,
    }


def default_models(build):
    yield ROOT / "examples/digits/digits.onnx", "image=64x1x8x8"
    maker = SHARED / "onnx/make_weighted_models.py"
    if not maker.exists():
        print(f"ResNet-50 is left out: {maker} is absent", file=sys.stderr)
        return
    folder = build / "weighted"
    if not (folder / "resnet50/model.onnx").exists():
        subprocess.run(["/usr/bin/python3", maker, folder, "resnet50"], check=True, stdout=sys.stderr)
    yield folder / "resnet50/model.onnx", "gpu_0/data_0=1x3x224x224"


def measured_models(build, models, pairs, threads):
    ampctl = str(build / "src/client/ampctl")
    peaks = json_of(ampctl, "doctor", "--threads", str(threads), "--json")["peaks"][-1]
    print(f"with as many threads the peak is {peaks['fp32_gflops']:.1f} GFLOP/s in fp32, "
          f"{peaks['bf16_gflops'] or 0:.1f} in bf16")
    print(f"{'model':<28}{'fp32 ms':>9}{'bf16 ms':>9}{'speed-up':>10}{'(min-max)':>14}"
          f"{'fp32 GFLOP/s':>14}{'of peak':>9}")
    rows = []
    for model, shape in models or default_models(build):
        row = compared(ampctl, model, shape, pairs, threads, peaks["fp32_gflops"])
        rows.append(row)
        share = f"{row['fp32_share_of_peak']:.0%}"
        spread = f"({row['speedup_min']:.2f}-{row['speedup_max']:.2f})"
        name = "/".join(pathlib.Path(model).parts[-2:])
        print(f"{name:<28}{row['fp32_ms']:>9.3f}{row['bf16_ms']:>9.3f}{row['speedup_median']:>9.2f}x"
              f"{spread:>14}{row['fp32_gflops']:>14.1f}{share:>9}", flush=True)
    return {"peaks": peaks, "models": rows}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("models", nargs="*", metavar="MODEL NAME=SHAPE")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    models = list(zip(arguments.models[::2], arguments.models[1::2]))
    report = {"machine": machine.description(),
              **measured_models(arguments.build.resolve(), models, arguments.pairs, arguments.threads)}
    if arguments.output:
        arguments.output.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
