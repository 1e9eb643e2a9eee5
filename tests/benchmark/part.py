"""What a part of the benchmark that measures rows does when it is started alone."""
import argparse
import json
import pathlib
import sys

import machine

def names_of(jobs):
    return {"nargs": "+", "metavar": "JOB", "choices": jobs}


def count(default):
    return {"type": int, "default": default}


def run(measured, is_right, complaint, **options):
    """Calls `measured` with the build folder and the options by name; an option is what argparse is told of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    for name, told in options.items():
        parser.add_argument(f"--{name}", **told)
    parser.add_argument("--output", type=pathlib.Path)
    arguments = vars(parser.parse_args())
    build, output = arguments.pop("build"), arguments.pop("output")
    rows = measured(build.resolve(), **arguments)
    if output:
        output.write_text(json.dumps({"machine": machine.description(), "rows": rows}, indent=2) + "\n")
    if not is_right(rows):
        sys.exit(complaint)
