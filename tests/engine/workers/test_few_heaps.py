"""Few heaps: what one thread lets go is there for the next, in Arrow too, unless a user has said otherwise."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from glotmill.engine.workers.few_heaps import HEAPS, HEAPS_VARIABLE, POOL_VARIABLE

THREADS = """
import ctypes, sys, threading
from glotmill.engine.workers.few_heaps import share_few_heaps

libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(12)

def allocate():
    together.wait()
    texts = [b"x" * 600 for _ in range(2_000)]
    together.wait()

share_few_heaps()
threads = [threading.Thread(target=allocate) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
out = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, out)
libc.fclose(out)
"""
SHARE = "from glotmill.engine.workers.few_heaps import share_few_heaps as share"
FIRST = f"{SHARE}; share(); import pyarrow as pa; print(pa.default_memory_pool().backend_name)"
LATER = f"{SHARE}; import pyarrow as pa; share(); print(pa.default_memory_pool().backend_name)"

HELD = """
from glotmill.engine.workers.few_heaps import give_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4 // 1024

texts = [b"x" * 60_000 for _ in range(1_000)]
del texts[:-1]
before = resident()
give_back()
print(before - resident())
"""

COMMAND = """
import sys
from glotmill.engine.cli import main

loaded = "pyarrow" in sys.modules
sys.argv = ["glotmill", "--help"]
try:
    main()
except SystemExit:
    import pyarrow as pa
print(loaded)
print(pa.default_memory_pool().backend_name)
"""


def run(*words: object, **variables: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name not in (HEAPS_VARIABLE, POOL_VARIABLE)}
    command = [sys.executable, "-c", *map(str, words)]
    return subprocess.run(command, env=clean | variables, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_many_threads_share_few_heaps_or_as_many_as_a_user_says(tmp_path: Path):
    run(THREADS, tmp_path / "few.xml")
    assert (tmp_path / "few.xml").read_text().count("<heap nr=") <= HEAPS
    run(THREADS, tmp_path / "said.xml", MALLOC_ARENA_MAX="6")
    assert (tmp_path / "said.xml").read_text().count("<heap nr=") == 6


@pytest.mark.parametrize("code", [FIRST, LATER], ids=["before Arrow is loaded", "after it"])
def test_arrow_takes_memory_from_these_heaps_or_from_those_that_a_user_says(code: str):
    assert run(code) == "system"
    assert run(code, ARROW_DEFAULT_MEMORY_POOL="mimalloc") == "mimalloc"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_what_is_free_between_things_that_stay_goes_back_to_the_system():
    assert int(run(HELD)) > 20


def test_the_command_line_does_so_before_it_loads_arrow():
    assert run(COMMAND).splitlines()[-2:] == ["False", "system"]
