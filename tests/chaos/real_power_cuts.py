#!/usr/bin/env python3
"""Power cuts on a real file system: ext4 on a loop device that forgets what was not synced.

FS_IOC_SHUTDOWN without a log flush stops the file system at once, as a cut does; mounting it anew
replays its journal. It needs root and a loop device.
"""
import fcntl
import os
import struct
import subprocess
import time

from suite import (Site, await_trials, comes_true, digits_job, folder, lose_the_last_trial, own_mounts, run_suite,
                   undisturbed)

FS_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


class Disk:
    def __init__(self, place):
        self.image, self.mounted = place / "disk", place / "mounted"
        self.mounted.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", self.image], check=True)
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.mounted], check=True)

    def unmount(self):
        assert comes_true(lambda: subprocess.run(["umount", self.mounted], capture_output=True).returncode == 0, 10), (
            "somebody holds the disk")

    def cut(self):
        descriptor = os.open(self.mounted, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)


def cut(site, disk, random, is_control):
    """Returns how many trials had been told before."""
    time.sleep(random.choice([0.1, 0.6]) * random.random())
    if is_control:
        await_trials(site, 2)
    told = site.trials_done()
    if random.random() < 0.5:
        disk.cut()
        time.sleep(0.1 * random.random())
        site.kill()
    else:
        site.kill()
        disk.cut()
    disk.unmount()
    disk.mount()
    if is_control:
        lose_the_last_trial(site)
    return told


def torment(build, random, is_control, left):
    expected = undisturbed(build)
    cuts = 0
    with folder() as place:
        disk = Disk(place)
        site = Site(build, place)
        site.state = disk.mounted / "state"
        try:
            site.start()
            site.submit(digits_job(place / "job.yaml"))
            while cuts < left and not site.is_over():
                told = cut(site, disk, random, is_control)
                site.start()
                kept = site.trials_done()
                assert kept >= told, f"{told} trials were told, {kept} are kept"
                cuts += 1
            assert comes_true(site.is_over, 120), "the job does not end"
            assert site.dump() == expected, f"the tables differ after {cuts} cuts"
            checked = site.ctl("check", "--state-dir", site.state)
            assert checked.returncode == 0, checked.stdout + checked.stderr
        finally:
            site.kill()
            disk.unmount()
    return max(cuts, 1)


if __name__ == "__main__":
    own_mounts()
    run_suite(torment)
