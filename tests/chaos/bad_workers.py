#!/usr/bin/env python3
"""Workers that crash, hang, talk rubbish, answer twice or late and eat the memory, one at a time."""
import contextlib
import os
import pathlib
import signal
import sys
import time

from mischief import KINDS
from suite import Site, comes_true, digits_job, folder, run_suite, undisturbed

HERE = pathlib.Path(__file__).resolve().parent
memory_groups = pathlib.Path("/sys/fs/cgroup/memory")
memory_bytes_max = 400 << 20


@contextlib.contextmanager
def memory_group(site):
    """A control group with little memory for the daemon, or None where none can be made."""
    group = memory_groups / f"ampd-chaos-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(memory_bytes_max))
    except OSError:
        yield None
        return
    try:
        yield group
    finally:
        site.kill()
        comes_true(lambda: not (group / "cgroup.procs").read_text(), 5)
        group.rmdir()


def use_mischievous_worker(site):
    worker = site.place / "worker"
    real = site.build / "src/worker/ampd-worker"
    worker.write_text(f"#!{sys.executable}\nimport sys\nsys.dont_write_bytecode = True\n"
                      f"sys.path.insert(0, {str(HERE)!r})\nimport mischief\n"
                      f"mischief.serve({str(real)!r}, {str(site.place)!r})\n")
    worker.chmod(0o755)
    site.environment["AMPD_WORKER"] = str(worker)


def misbehave(site, kind):
    """False: the job had ended before."""
    order, taken = site.place / "mischief", site.place / "taken"
    order.with_suffix(".new").write_text(kind)
    order.with_suffix(".new").rename(order)
    assert comes_true(lambda: not order.exists() or site.is_over(), 60), f"nobody takes the order {kind}"
    if order.exists():
        return False
    if kind == "stop":
        time.sleep(0.2)
        started = time.monotonic()
        assert site.ctl("list").returncode == 0, "the daemon does not answer while its worker stands still"
        assert time.monotonic() - started < 2, "the daemon answers late while its worker stands still"
        for worker in site.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGCONT)
    taken.unlink(missing_ok=True)
    return True


def goes_on(site):
    """Waits until another trial has its outcome, so that no trial meets mischief twice."""
    before = site.trials_done()
    assert comes_true(lambda: site.trials_done() != before or site.is_over(), 60), "the job does not go on"


def torment(build, random, is_control, left):
    expected = undisturbed(build)
    tried = 0
    with folder() as place:
        site = Site(build, place)
        site.configure(f"trials_together: {random.choice([1, 4, 64])}")
        use_mischievous_worker(site)
        with memory_group(site) as group:
            kinds = [kind for kind in KINDS if group or kind != "memory"]
            try:
                site.start()
                if group:
                    (group / "cgroup.procs").write_text(str(site.daemon.pid))
                site.submit(digits_job(place / "job.yaml"))
                done = []
                while tried < left and not site.is_over():
                    kind = "crash" if is_control else random.choice(kinds)
                    if not misbehave(site, kind):
                        break
                    done.append(kind)
                    tried += 1
                    if not is_control:
                        goes_on(site)
                assert comes_true(site.is_over, 120), f"the job does not end after {done}"
                assert site.daemon.poll() is None, f"the daemon is gone after {done}"
                assert site.dump() == expected, f"the tables differ after {done}"
            finally:
                site.kill()
    return max(tried, 1)


if __name__ == "__main__":
    run_suite(torment)
