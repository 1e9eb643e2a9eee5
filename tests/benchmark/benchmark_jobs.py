"""Jobs whose goal no trial meets, so that every trial is made."""
import sqlite3
import subprocess
import sys

from machine import ROOT, SHARED

JOB = """model: {{name: {name}, path: {model}}}
mixed_precision: {{precisions: [bf16]}}
evaluation:
  accuracy:
    configs: {{intra_num_of_threads: {threads}, lanes: {lanes}}}
    iteration: {iteration}
    metric: {{{metric}}}
    dataloader:
      batch_size: {batch}
      dataset: {{npy: {{input: {x}, label: {y}}}}}
{transform}tuning:
  accuracy_criterion: {{{goal}}}
  objective: {objective}
  exit_policy: {{max_trials: {max_trials}}}
"""

MODELS, DATA, DIGITS = SHARED / "models", SHARED / "data", ROOT / "examples/digits"
CIFAR = {"x": DATA / "cifar10_test_x.npy", "y": DATA / "cifar10_test_y.npy", "metric": "topk: 1",
         "transform": "      transform: {Rescale: {}, Normalize: {mean: [0.4914, 0.4822, 0.4465],"
                      " std: [0.2470, 0.2435, 0.2616]}}\n",
         "goal": "absolute: -0.5"}

JOBS = {
    "digits": {"model": DIGITS / "digits.onnx", "x": DIGITS / "heldout_x.npy", "y": DIGITS / "heldout_y.npy",
               "metric": "topk: 1", "transform": "      transform: {Normalize: {mean: [0], std: [16]}}\n",
               "goal": "absolute: -0.5"},
    "resnet20": {"model": MODELS / "cifar10_resnet20.onnx", **CIFAR},
    "mobilenet": {"model": MODELS / "cifar10_mobilenet.onnx", **CIFAR},
    "char_gpt": {"model": MODELS / "char_gpt.onnx", "x": DATA / "shakespeare_x.npy",
                 "y": DATA / "shakespeare_y.npy", "metric": "perplexity: {}", "transform": "",
                 "goal": "relative: -0.5"}}


def jobs(sizes):
    """The jobs that `sizes` names, each with its size: at least batch and iteration."""
    for name, size in sizes.items():
        if not JOBS[name]["model"].exists():
            print(f"{name} is left out: {JOBS[name]['model']} is absent", file=sys.stderr)
            continue
        yield {"name": name, **JOBS[name], **size}


def write_job(path, job, threads, objective, *, max_trials=100, lanes=1):
    path.write_text(JOB.format(threads=threads, lanes=lanes, objective=objective, max_trials=max_trials, **job))


def taken_seconds(build, folder, job_file):
    """Those of the whole job in an empty state directory, by the store."""
    subprocess.run(["rm", "-rf", folder / "state"], check=True)
    command = [build / "src/daemon/ampd", "run", job_file, "--state-dir", folder / "state", "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 10:
        sys.exit(f"{' '.join(map(str, command))}: {run.stderr}")
    database = sqlite3.connect(folder / "state/ampd.db")
    return database.execute("SELECT (finished_at - started_at) / 1e6 FROM job").fetchone()[0]
