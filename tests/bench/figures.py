"""One line of JSON per figure."""

import json
import os
import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any


@cache
def machine() -> str:
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def report(figure: str, **values: Any) -> None:
    print(json.dumps({"figure": figure, **values, "machine": machine()}, ensure_ascii=False), flush=True)


def percentile(times: list[float], share: float) -> float:
    """The value below which that share of the times lies, by the nearest rank."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(times: list[float]) -> dict[str, float]:
    """Median, p95 and p99 of times in seconds."""
    names = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    return {name: round(percentile(times, share) * 1000, 2) for name, share in names.items()}


def timed(work: Callable[[], object], times: int) -> list[float]:
    """How long each of so many runs took, after one that is not counted."""
    work()
    taken = []
    for _ in range(times):
        begin = perf_counter()
        work()
        taken.append(perf_counter() - begin)
    return taken
