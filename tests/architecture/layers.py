#!/usr/bin/env python3
"""Compares the #include lines of src/ and include/ with the table of layers.

Prints each include that points up or sideways, then a closing line as the unit tests do.
"""
import pathlib
import re
import sys

ALLOWED = {
    "base": set(),
    "terminal": {"base"},
    "tuning": {"base"},
    "tensor": {"base"},
    "job": {"tuning", "base"},
    "image": {"tensor", "base"},
    "graph": {"tensor", "base"},
    "data": {"image", "tensor", "job", "base"},
    "protocol": {"job", "tuning", "base"},
    "engine": {"graph", "image", "tensor", "base"},
    "store": {"job", "tuning", "base"},
    "runner": {"protocol", "job", "base"},
    "evaluation": {"engine", "graph", "tensor", "data", "job", "tuning", "base"},
    "scheduler": {"store", "tuning", "runner", "protocol", "job", "base"},
    "library": {"evaluation", "engine", "graph", "tensor", "data", "tuning", "job", "base"},
    "worker": {"evaluation", "engine", "graph", "tensor", "data", "protocol", "job", "tuning", "base"},
    "client": {"runner", "protocol", "terminal", "store", "tuning", "job", "base"},
    "daemon": {"scheduler", "runner", "protocol", "terminal", "store", "tuning", "job", "base"},
}
LIBRARIES = {  # third-party headers and the only places that may include them
    r"oneapi/dnnl|dnnl": ["src/engine/"],
    r"sqlite3|SQLiteCpp": ["src/store/"],
    r"yaml-cpp": ["src/job/"],
    r"google/protobuf|onnx/": ["src/graph/onnx"],
    r"boost/": ["src/runner/", "src/daemon/", "src/client/"],
    r"jpeglib|jerror|png\.h": ["src/image/"],
    r"zlib": ["src/data/"],
}
INCLUDE = re.compile(r'^#include\s+([<"])([^>"]+)[>"]')


def problems(root):
    for path in sorted(p for d in ("src", "include") for p in (root / d).rglob("*.[ch]pp")):
        name = path.relative_to(root).as_posix()
        layer = name.split("/")[1] if name.startswith("src/") else "include"
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            kind, target = match.groups()
            place = f"{name}:{number}"
            if kind == '"':
                other = target.split("/")[0]
                if layer == "include" and other != "ampd":
                    yield f"{place}: a public header includes {target}"
                elif layer != "include" and other not in ALLOWED[layer] | {layer, "ampd"}:
                    yield f"{place}: {layer} may not include {target}"
            for pattern, homes in LIBRARIES.items():
                if kind == "<" and re.match(pattern, target):
                    if not any(name.startswith(home) for home in homes):
                        yield f"{place}: {target} belongs in {', '.join(homes)}"


found = list(problems(pathlib.Path(sys.argv[1])))
print("\n".join(found))
print(f"[doctest] test cases: 1 | {int(not found)} passed | {int(bool(found))} failed | 0 skipped")
sys.exit(bool(found))
