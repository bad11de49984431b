import subprocess
import sys

import pytest

from benchmarks.watched import hardware, watch


def test_the_memory_and_the_cpu_time_of_children_are_counted():
    work = "x = bytearray(120_000_000); x[::4096] = b'1' * len(x[::4096]); import time; time.sleep(1.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    taken = watch([sys.executable, "-c", parent])
    assert taken.peak_mib > 110
    assert 0 < taken.cpu_seconds < 60


def test_what_a_failed_command_said_is_kept():
    with pytest.raises(subprocess.CalledProcessError) as caught:
        watch([sys.executable, "-c", "raise SystemExit('no such thing')"])
    assert "no such thing" in caught.value.stderr


def test_hardware_names_no_host():
    assert set(hardware()) == {"cpu", "cores", "memory_gib", "system"}
