"""Few heaps: what one thread lets go is there for the next, and Arrow has its own pool again afterwards."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from glotmill.engine.workers.few_heaps import HEAPS, few_heaps

THREADS = """
import ctypes, sys, threading
from contextlib import nullcontext
from glotmill.engine.workers.few_heaps import few_heaps

libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(12)

def allocate():
    together.wait()
    texts = [b"x" * 600 for _ in range(2_000)]
    together.wait()

with few_heaps() if sys.argv[2] == "few" else nullcontext():
    threads = [threading.Thread(target=allocate) for _ in range(12)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    out = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
    libc.malloc_info(0, out)
    libc.fclose(out)
"""


def heaps(path: Path, which: str) -> int:
    subprocess.run([sys.executable, "-c", THREADS, path, which], check=True)
    return path.read_text().count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_many_threads_share_few_heaps(tmp_path: Path):
    assert heaps(tmp_path / "few.xml", "few") <= HEAPS
    assert heaps(tmp_path / "many.xml", "many") > HEAPS


def test_arrow_takes_memory_from_these_heaps_and_has_its_own_pool_back_afterwards():
    before = pa.default_memory_pool().backend_name
    with few_heaps():
        assert pa.default_memory_pool().backend_name == "system"
        assert pa.array([1, 2]).to_pylist() == [1, 2]
    assert pa.default_memory_pool().backend_name == before
