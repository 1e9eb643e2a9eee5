#!/usr/bin/env python3
"""What a trial that changes one operator costs beyond its execution, against evaluating 1,000 images.

    trial_ratio.py BUILD_FOLDER [--trials 12] [--output FILE]

On one thread, in processor time, which other processes hardly disturb. The program is built anew for each
trial, as in a search; the goal is a share below 5 %.
"""
import json
import subprocess

import part
from machine import ROOT, SHARED

IMAGES = 1000
SHARE_MAX = 0.05


def models(build):
    """Name, path, shape of the input with one image."""
    yield "digits", ROOT / "examples/digits/digits.onnx", "image=1x1x8x8"
    if (SHARED / "models").exists():
        yield "resnet20", SHARED / "models/cifar10_resnet20.onnx", "input=1x3x32x32"
    maker = SHARED / "onnx/make_weighted_models.py"
    if not maker.exists():
        print(f"ResNet-50 is left out: {maker} is absent")
        return
    path = build / "weighted/resnet50/model.onnx"
    if not path.exists():
        subprocess.run(["/usr/bin/python3", maker, build / "weighted", "resnet50"], check=True,
                       stdout=subprocess.DEVNULL)
    yield "resnet50", path, "gpu_0/data_0=1x3x224x224"


def measured(build, name, path, shape, trials):
    command = [build / "tests/benchmark/trial_cost", path, str(trials), shape]
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    images_ms = IMAGES * row["trial_batch_ms"]
    return {"model": name, **row, "share": row["trial_overhead_ms"] / images_ms,
            "share_in_pass": row["pass_overhead_ms_per_trial"] / images_ms}


def measured_models(build, trials):
    print(f"{'model':<10}{'ops':>5}{'image':>12}{'trial beyond it':>17}{'of 1,000 images':>17}"
          f"{'in a pass':>12}{'of 1,000':>10}")
    rows = []
    for name, path, shape in models(build):
        row = measured(build, name, path, shape, trials)
        rows.append(row)
        print(f"{name:<10}{row['ops']:>5}{row['trial_batch_ms']:>9.2f} ms{row['trial_overhead_ms']:>14.2f} ms"
              f"{row['share']:>16.2%} {row['pass_overhead_ms_per_trial']:>8.2f} ms"
              f"{row['share_in_pass']:>10.2%}", flush=True)
    return rows


def is_right(rows):
    return all(row["share"] < SHARE_MAX for row in rows if row["model"] == "resnet50")


if __name__ == "__main__":
    part.run(measured_models, is_right, "a trial of ResNet-50 costs more beyond its execution than it may",
             trials=part.count(12))
