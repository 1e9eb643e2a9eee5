#!/usr/bin/env python3
"""Fifty daemons at once on one state directory: one lives and serves, the others name its pid."""
import os
import signal
import subprocess

from suite import Site, comes_true, digits_job, folder, run_suite

BUSY = 69
daemons_at_once = 50


def start_daemons(site, state_of):
    return [subprocess.Popen([site.build / "src/daemon/ampd", "--config", site.configuration, "--state-dir",
                              state_of(i), "--socket", f"{state_of(i)}.socket"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for i in range(daemons_at_once)]


def judge(site, daemons):
    is_decided = lambda: sum(daemon.poll() is None for daemon in daemons) == 1
    assert comes_true(is_decided, 60), f"{sum(d.poll() is None for d in daemons)} daemons live"
    living = next(daemon for daemon in daemons if daemon.poll() is None)
    for daemon in daemons:
        if daemon is not living:
            complaint = daemon.stderr.read()
            assert daemon.returncode == BUSY, f"one ended with {daemon.returncode}: {complaint}"
            assert str(living.pid) in complaint, f"the holder {living.pid} is not named: {complaint}"
    site.socket = f"{site.state}.socket"
    assert comes_true(lambda: site.ctl("list").returncode == 0, 10), "the daemon that lives does not serve"
    run = subprocess.run([site.build / "src/daemon/ampd", "run", digits_job(site.place / "job.yaml"), "--state-dir",
                          site.state], capture_output=True, text=True)
    assert run.returncode == BUSY and str(living.pid) in run.stderr, (
        f"ampd run on the same state directory ended with {run.returncode}: {run.stderr}")


def start_together(build, random, is_control, left):
    with folder() as place:
        site = Site(build, place)
        state_of = (lambda i: place / f"state{i}") if is_control else (lambda i: site.state)
        daemons = start_daemons(site, state_of)
        try:
            if is_control:
                comes_true(lambda: False, 2)
                alive = sum(daemon.poll() is None for daemon in daemons)
                assert alive == 1, f"{alive} daemons live"
            judge(site, daemons)
        finally:
            for daemon in daemons:
                if daemon.poll() is None:
                    daemon.send_signal(signal.SIGKILL)
                daemon.wait()
                daemon.stderr.close()
    return daemons_at_once


if __name__ == "__main__":
    os.umask(0o077)
    run_suite(start_together)
