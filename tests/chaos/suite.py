"""The frame of a suite that drives the programs: command line, last line, a daemon to torment."""
import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAST = "/dev/shm" if os.path.isdir("/dev/shm") else None
failures_told = 10


def run_suite(attempt):
    """Calls attempt(build, random, is_control, left), which returns how many cases it was or raises
    AssertionError, until there were enough; prints the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int)
    parser.add_argument("--control", action="store_true")
    arguments = parser.parse_args()
    seeds = random.Random(arguments.seed)
    tried = failures = 0
    while tried < arguments.cases:
        seed = arguments.case if arguments.case is not None else seeds.randrange(1 << 62)
        try:
            tried += attempt(arguments.build.resolve(), random.Random(seed), arguments.control,
                             arguments.cases - tried)
        except AssertionError as found:
            tried += 1
            failures += 1
            if failures <= failures_told and not arguments.control:
                print(f"{sys.argv[0]} BUILD --case {seed}: {found}", file=sys.stderr, flush=True)
        if arguments.case is not None:
            break
    print(json.dumps({"cases": tried, "failures": failures}))
    sys.exit(1 if failures else 0)


def skip(reason):
    """Ends a suite that cannot run here."""
    print(json.dumps({"cases": 0, "failures": 0, "skipped": reason}))
    sys.exit(0)


def own_mounts():
    """What this process mounts is seen by it and its children alone, and goes with them."""
    new_namespace = 0x20000
    if os.geteuid() != 0:
        skip("it mounts file systems, which needs root")
    if ctypes.CDLL(None).unshare(new_namespace) != 0:
        skip("this machine lets nobody mount file systems")
    private = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, text=True)
    if private.returncode != 0:
        skip(private.stderr.strip())


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="ampd-chaos-", dir=FAST))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def comes_true(holds, seconds):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def computes_bf16():
    return "avx512_bf16" in pathlib.Path("/proc/cpuinfo").read_text()


def digits_job(path):
    """The job "digits", whose every stage is gone through: its goal cannot be met. It lasts about as
    long on processors that compute bf16 in fp32, several times as slowly, with fewer samples."""
    digits = ROOT / "examples/digits"
    for name in ("heldout_x.npy", "heldout_y.npy"):
        samples = numpy.load(digits / name)
        numpy.save(path.with_name(name), samples if computes_bf16() else samples[:len(samples) // 8])
    path.write_text(f"""model: {{name: digits, path: {digits}/digits.onnx}}
evaluation:
  accuracy:
    metric: {{Loss: {{}}}}
    dataloader:
      batch_size: 20
      dataset: {{npy: {{input: heldout_x.npy, label: heldout_y.npy}}}}
      transform: {{Normalize: {{mean: [0], std: [16]}}}}
tuning:
  objective: accuracy
  accuracy_criterion: {{absolute: -100}}
""")
    return path


class Site:
    """A state directory, a socket, and the programs on them."""

    def __init__(self, build, place):
        self.build, self.place = build, place
        self.state, self.socket = place / "state", place / "socket"
        self.daemon = None
        self.environment = dict(os.environ)
        self.configuration = place / "ampd.yaml"
        self.configure()

    def configure(self, *lines):
        self.configuration.write_text("\n".join(["log_level: warn", "threads: 1", *lines, ""]))

    def start(self):
        log = open(self.place / "daemon.log", "ab")
        self.daemon = subprocess.Popen(
            [self.build / "src/daemon/ampd", "--config", self.configuration, "--state-dir", self.state,
             "--socket", self.socket], stdout=log, stderr=log, env=self.environment)
        serves = lambda: self.ctl("list").returncode == 0
        assert comes_true(lambda: self.daemon.poll() is not None or serves(), 20) and serves(), (
            "the daemon does not serve: " + (self.place / "daemon.log").read_text()[-500:])

    def ctl(self, *arguments):
        return subprocess.run([self.build / "src/client/ampctl", *map(str, arguments), "--socket", self.socket],
                              capture_output=True, text=True)

    def job(self, name):
        shown = self.ctl("show", name, "--json")
        return json.loads(shown.stdout) if shown.returncode == 0 else None

    def submit(self, job_file):
        answer = self.ctl("submit", job_file)
        assert answer.returncode == 0, answer.stderr

    def is_over(self, job="digits"):
        return (self.job(job) or {}).get("state") not in ("queued", "running")

    def trials_done(self, job="digits"):
        return (self.job(job) or {}).get("trials_done", 0)

    def workers(self):
        return children_of(self.daemon.pid) if self.daemon else []

    def kill(self):
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait()
            self.daemon = None

    def kill_workers(self):
        for worker in self.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

    def kill_and_look_for_orphans(self):
        workers = self.workers()
        self.kill()
        assert comes_true(lambda: not any(map(is_alive, workers)), 1), f"an orphan of {workers} lives"

    def sql(self, query):
        return subprocess.run(["sqlite3", "-batch", self.state / "ampd.db", query], capture_output=True, text=True)

    def dump(self):
        """All that must not depend on what happened on the way, bit for bit."""
        result = self.sql(
            "SELECT job, seq, stage, state, hex(accuracy), printf('%!.17g', accuracy), meets_goal, low_ops, fp32_ops,"
            " reused_from, config_digest FROM trials ORDER BY 1, 2;"
            "SELECT * FROM trial_ops ORDER BY 1, 2, 3; SELECT * FROM rankings ORDER BY 1, 2;"
            "SELECT id, name, state, stage, goal_met, trials_done, printf('%!.17g', best_accuracy), best_seq, error"
            " FROM jobs ORDER BY 1")
        assert result.returncode == 0, result.stderr
        return result.stdout


def await_trials(site, count, job="digits"):
    assert comes_true(lambda: site.trials_done(job) >= count, 120), "no trial ends"


references = {}


def undisturbed(build):
    """The dump of the job "digits" that nothing happened to."""
    if build not in references:
        with folder() as place:
            site = Site(build, place)
            site.start()
            assert site.ctl("submit", digits_job(place / "job.yaml"), "--wait").returncode == 10
            references[build] = site.dump()
            site.kill()
    return references[build]


def lose_the_last_trial(site):
    """Of a stopped daemon: what a control does to a job that had two trials and more."""
    site.sql("DROP TRIGGER IF EXISTS trial_is_never_changed;"
             "DELETE FROM trial WHERE rowid = (SELECT max(rowid) FROM trial)")


def children_of(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
