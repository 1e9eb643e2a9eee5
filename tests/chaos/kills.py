#!/usr/bin/env python3
"""SIGKILL of the daemon, its worker or both, at random moments of a job on real kernels."""
import time

from suite import Site, await_trials, comes_true, digits_job, folder, lose_the_last_trial, run_suite, undisturbed


def kill_something(site, random):
    """Returns once what was killed is gone, and its children with it."""
    victims = random.choice(["daemon", "worker", "both"])
    if victims != "daemon":
        site.kill_workers()
    if victims != "worker":
        site.kill_and_look_for_orphans()
    return victims


def torment(build, random, is_control, left):
    expected = undisturbed(build)
    kills = 0
    with folder() as place:
        site = Site(build, place)
        try:
            site.start()
            site.submit(digits_job(place / "job.yaml"))
            while kills < left and not site.is_over():
                if is_control:
                    await_trials(site, 2)
                time.sleep(random.choice([0.1, 0.6, 1.8]) * random.random())
                victims = kill_something(site, random)
                kills += 1
                if victims == "worker":
                    continue
                if is_control:
                    lose_the_last_trial(site)
                site.start()
                if is_control:
                    break
            assert comes_true(site.is_over, 120), "the job does not end"
            assert site.dump() == expected, f"the tables differ after {kills} kills"
        finally:
            site.kill()
    return max(kills, 1)


if __name__ == "__main__":
    run_suite(torment)
