#!/usr/bin/env python3
"""State directories on disks of every size from too small for a database to nearly enough: the
daemon says so or pauses the job, and the job goes on by itself when there is space."""
import subprocess

from suite import (Site, comes_true, digits_job, folder, lose_the_last_trial, own_mounts, run_suite,
                   undisturbed)

IO_ERROR = 74
enough_kib = 64 << 10


def resize(place, kib):
    subprocess.run(["mount", "-o", f"remount,size={kib}k", place], check=True)


def start(site):
    """Whether there was space enough to start. If not, it was said and nothing crashed."""
    try:
        site.start()
        return True
    except AssertionError:
        code = site.daemon.wait(10)
        said = (site.place / "daemon.log").read_text()
        assert code == IO_ERROR and ("full" in said or "No space left" in said), (
            f"on a full disk the daemon ends with {code}: {said[-300:]}")
        return False


def fill(build, random, is_control, left):
    expected = undisturbed(build)
    kib = random.randrange(40, 1400, 4)
    with folder() as place:
        site = Site(build, place)
        disk = place / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", disk], check=True)
        site.state = disk / "state"
        try:
            if not start(site):
                resize(disk, enough_kib)
                assert start(site), f"the daemon does not start when a disk of {kib} KiB has grown"
            job = digits_job(place / "job.yaml")
            submitted = site.ctl("submit", job)
            if submitted.returncode != 0:
                assert "full" in submitted.stderr or "No space left" in submitted.stderr, submitted.stderr
                resize(disk, enough_kib)
                site.submit(job)
            state = lambda: (site.job("digits") or {}).get("state")
            assert comes_true(lambda: state() not in ("queued", "running"), 60), "the job neither ends nor pauses"
            if state() == "paused":
                reason = site.job("digits")["error"]
                assert "full" in reason, f"the job is paused with: {reason}"
                assert site.ctl("list").returncode == 0, "the daemon does not answer on a full disk"
                resize(disk, enough_kib)
            assert comes_true(lambda: state() == "done", 90), f"the job is {state()} after the disk of {kib} KiB has grown"
            if is_control:
                lose_the_last_trial(site)
            assert site.dump() == expected, f"the tables differ after a disk of {kib} KiB"
        finally:
            site.kill()
            comes_true(lambda: subprocess.run(["umount", disk], capture_output=True).returncode == 0, 10)
    return 1


if __name__ == "__main__":
    own_mounts()
    run_suite(fill)
