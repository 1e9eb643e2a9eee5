#!/usr/bin/env python3
"""Installs libampd into a folder of its own, builds examples/embed.cpp against it by pkg-config as
a user would, and runs it: to the end, and once more from its dicts.

Prints a closing line as the unit tests do.
"""
import os
import pathlib
import subprocess
import sys
import tempfile


def output_of(*command, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {result.returncode}\n"
                 f"{result.stdout}{result.stderr}")
    return result.stdout


def check(condition, sentence):
    if not condition:
        sys.exit(sentence)


def main(root, build, compiler):
    examples = root / "examples"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        output_of("meson", "install", "-C", build, "--no-rebuild", "--destdir", folder,
                  "--tags", "devel,runtime")
        package = next(folder.rglob("ampd.pc"))
        library = package.parent.parent
        environment = {**os.environ, "PKG_CONFIG_PATH": str(package.parent),
                       "PKG_CONFIG_SYSROOT_DIR": str(folder), "LD_LIBRARY_PATH": str(library)}
        flags = output_of("pkg-config", "--cflags", "--libs", "ampd", env=environment).split()
        program = folder / "embed"
        output_of(*compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", examples / "embed.cpp",
                  *flags, "-o", program)
        dicts, mixed = folder / "dicts.json", folder / "mixed.onnx"
        command = [program, examples / "digits/digits.onnx", examples / "digits/quick.yaml", dicts,
                   mixed]
        first = output_of(*command, env=environment)
        check("goal met" in first and "trial  1  model_wise" in first, first)
        check(mixed.stat().st_size > 0 and dicts.stat().st_size > 0, "embed left no files")
        second = output_of(*command, env=environment)
        check("goal met" in second and "trial" not in second, "it began anew:\n" + second)
    print("\n[doctest] test cases: 1 | 1 passed | 0 failed | 0 skipped")


main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
