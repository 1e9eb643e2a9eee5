"""What a report says of the machine that it was made on."""
import os
import pathlib
import platform

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("AMPD_SHARED", ROOT.parent / "shared"))
INTERESTING = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16",
               "amx_tile", "amx_bf16", "amx_int8")


def field(name):
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def computes_bf16():
    """Whether the processor has instructions for it; else oneDNN computes it in fp32."""
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(field("flags").split())


def description():
    flags = field("flags").split()
    return {"cpu": field("model name") or "?", "cpus": len(os.sched_getaffinity(0)),
            "cpu_flags": [flag for flag in INTERESTING if flag in flags],
            "system": platform.platform(), "load_average": os.getloadavg()}
