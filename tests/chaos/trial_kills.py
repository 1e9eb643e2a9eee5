#!/usr/bin/env python3
"""SIGKILL of daemon and worker in the middle of trials of a real job: `cifar10_resnet20` over 10,000
images in batches of 100. At most a second of each trial is evaluated again, the tables are the same.
"""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import threading
import time

import numpy

from suite import ROOT, Site, await_trials, comes_true, folder, lose_the_last_trial, run_suite, skip

SHARED = pathlib.Path(os.environ.get("AMPD_SHARED", ROOT.parent / "shared"))
MODEL, DATA = SHARED / "models/cifar10_resnet20.onnx", SHARED / "data"
repeated_seconds_max = 1.0
JOB = f"""model: {{name: resnet20, path: {MODEL}}}
mixed_precision: {{precisions: [bf16]}}
evaluation:
  accuracy:
    metric: {{topk: 1}}
    dataloader:
      batch_size: 100
      dataset: {{npy: {{input: {DATA}/cifar10_test_x.npy, label: {DATA}/cifar10_test_y.npy}}}}
      transform: {{Rescale: {{}}, Normalize: {{mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616]}}}}
tuning:
  objective: accuracy
  accuracy_criterion: {{absolute: -0.5}}
  exit_policy: {{max_trials: 8}}
"""
references = {}


@contextlib.contextmanager
def submitted(build, *options):
    """A site whose daemon has the job; it is gone in the end, whatever happens."""
    with folder() as place:
        site = Site(build, place)
        site.configure("trials_together: 2")
        (place / "job.yaml").write_text(JOB)
        try:
            site.start()
            answer = site.ctl("submit", place / "job.yaml", *options)
            assert answer.returncode in (0, 10), answer.stderr
            yield site
        finally:
            site.kill()


def undisturbed(build):
    if build not in references:
        with submitted(build, "--wait") as site:
            references[build] = site.dump()
    return references[build]


class Watch:
    """When each batch was told of: told[(seq, batches done)], in seconds."""

    def __init__(self, site):
        self.told, self.last = {}, None
        self.program = subprocess.Popen(
            [site.build / "src/client/ampctl", "watch", "resnet20", "--json", "--socket", site.socket],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.program.stdout:
            progress = json.loads(line).get("progress")
            if progress and progress["phase"] == "evaluating" and progress["batches_done"]:
                self.last = (progress["seq"], progress["batches_done"])
                self.told.setdefault(self.last, time.monotonic())

    def end(self):
        self.program.kill()
        self.program.wait()
        self.thread.join()
        self.program.stdout.close()


def kill_in_a_trial(site, random):
    """The watch of what the killed daemon told, which had done batches of a trial."""
    watch = Watch(site)
    try:
        before = site.trials_done("resnet20")
        has_begun = lambda: watch.last is not None and watch.last[1] < 90
        assert comes_true(lambda: has_begun() or site.is_over("resnet20"), 120), f"no trial after {before} begins"
        time.sleep(4 * random.random())
        site.kill_workers()
        site.kill_and_look_for_orphans()
    finally:
        watch.end()
    return watch


def resumptions(site):
    """What the events say of trials that went on, the last one at the end."""
    return site.sql("SELECT message FROM events WHERE kind = 'resumed' ORDER BY id").stdout.splitlines()


def repeated_seconds(site, watch, resumed_before):
    """Of the evaluation that was told of, by the event of the trial that goes on; None: it had ended."""
    seq, _ = watch.last
    has_ended = lambda: bool(site.sql(f"SELECT 1 FROM trials WHERE seq = {seq}").stdout)
    goes_on = lambda: len(resumptions(site)) > resumed_before
    assert comes_true(lambda: goes_on() or has_ended(), 60), f"trial {seq} does not go on"
    if not goes_on():
        return None
    found = re.match(rf"trial {seq} (?:goes on after batch (\d+)|begins anew)", resumptions(site)[resumed_before])
    if not found:
        return None
    told = sorted((batch, at) for (trial, batch), at in watch.told.items() if trial == seq)
    saved_at = numpy.interp(int(found[1] or 0), *zip(*told))
    return told[-1][1] - saved_at


def torment(build, random, is_control, left):
    expected = undisturbed(build)
    kills, longest = 0, 0.0
    with submitted(build) as site:
        while kills < left and not site.is_over("resnet20"):
            if is_control:
                await_trials(site, 2, "resnet20")
            watch = kill_in_a_trial(site, random)
            resumed_before = len(resumptions(site))
            if is_control:
                lose_the_last_trial(site)
            site.start()
            if is_control:
                break
            seconds = repeated_seconds(site, watch, resumed_before) if watch.last else None
            assert seconds is None or seconds <= repeated_seconds_max, (
                f"{seconds:.2f} s of trial {watch.last[0]} were evaluated again")
            kills += 1
            longest = max(longest, seconds or 0)
        assert comes_true(lambda: site.is_over("resnet20"), 600), "the job does not end"
        assert site.dump() == expected, f"the tables differ after {kills} kills"
    print(f"{kills} kills, at most {longest:.2f} s of a trial again", flush=True)
    return max(kills, 1)


if __name__ == "__main__":
    if not MODEL.exists():
        skip(f"there is no {MODEL}")
    run_suite(torment)
