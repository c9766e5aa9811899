"""How long the platform takes to load the app's functions, beside its own library alone."""

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.measure import Measure, say

TIMES = 9
ROOT = Path(__file__).resolve().parents[2]


def measures() -> list[Measure]:
    """Seconds of `import function_app` and of `import azure.functions`, the best of several processes each."""
    say("importing function_app and azure.functions")
    ours, theirs = _seconds("function_app"), _seconds("azure.functions")
    what = "import function_app, against import azure.functions"
    return [Measure(what, f"{ours * 1000:.0f} ms", f"{theirs * 1000:.0f} ms", ours / theirs, at_most=1.5)]


def _seconds(module: str) -> float:
    code = f"import time; s = time.perf_counter(); import {module}; print(time.perf_counter() - s)"
    return min(
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout)
        for _ in range(TIMES)
    )
