"""Ray as this process uses it: a local one closed to strangers, or a cluster that is there already.

The kernel kills Ray's processes when the thread that started them ends, and `ray.shutdown` then waits a quarter of a
minute for their answers. So a thread that ends before Ray, such as a window's, never starts it itself.

Ray's listeners stand on every network interface, so a Ray of ours asks for a token that only this process and its
workers know. A cluster that is joined has its own token, and the user's environment names it. Ray reads these
settings when it is imported: call `protect` before that.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glotmill.schemas.errors import InputError, WorkerError

CONNECT_TIMEOUT_S = 10.0
START_TIMEOUT_S = 90.0  # of a local Ray, which takes seconds
START_TRIES = 2  # on a loaded machine one of Ray's processes may miss another's deadline once
_holders: list[bool] = []  # of `one_ray`, outermost first: whether Ray was started inside
OURS = {
    "RAY_AUTH_MODE": "token",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # no copying of the project into another environment
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Processes of tasks stay between two windows, with what they have loaded; else Ray ends them after a second.
    "RAY_idle_worker_killing_time_threshold_ms": "600000",
}
_starting = threading.Lock()  # windows have threads of their own
_starter = ThreadPoolExecutor(1, "ray")  # its thread ends with this process


def protect(address: str | None) -> None:
    """Settle how Ray will be used in this process, before its import."""
    if address is None and "ray" not in sys.modules:
        for name, value in OURS.items():
            os.environ.setdefault(name, value)
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def start_ray(address: str | None = None, note: Callable[..., None] = lambda *_, **__: None) -> bool:
    """Use the Ray that runs in this process, join a cluster, or start a local Ray; ``RAY_ADDRESS`` is not followed.

    A local Ray that does not start is tried once more.

    Args:
        address: Of a running cluster (``HOST:PORT``); None is a Ray of our own.
        note: Called with an event's name and its facts where a start failed and is tried again.

    Returns:
        Whether it was started or joined here, and so is to be left here; within `one_ray` that leaves it.

    Raises:
        InputError: There is no cluster at the address.
        WorkerError: A Ray of our own cannot be started.
    """
    protect(address)
    with _starting:
        if threading.current_thread() is threading.main_thread():
            return _started(address, note)
        return _starter.submit(_started, address, note).result()


def _started(address: str | None, note: Callable[..., None]) -> bool:
    import ray

    if ray.is_initialized():
        return False
    if address is not None:
        _check_address(address)
        if reason := _failure(address):
            msg = f"--ray-address {address}: no Ray cluster can be joined there: {reason}"
            raise InputError(msg)
        return not _held()
    for _ in range(START_TRIES):
        reason = _failure("local", include_dashboard=False)
        if reason is None:
            return not _held()
        note("ray_not_started", reason=reason)
        ray.shutdown()  # what the failed start left behind
    msg = f"Ray cannot be started here ({START_TRIES} tries): {reason}; work without Ray: --workers 0"
    raise WorkerError(msg)


@contextmanager
def one_ray() -> Iterator[None]:
    """Let pools and tasks inside share one Ray: whoever needs it first starts it, and it is left at the end."""
    _holders.append(False)
    try:
        yield
    finally:
        if _holders.pop():
            import ray

            ray.shutdown()


def _held() -> bool:
    """Whether Ray, just started, is left by the outermost `one_ray`."""
    if _holders:
        _holders[0] = True
    return bool(_holders)


def _failure(address: str, **options: Any) -> str | None:
    """Start or join Ray; why that failed, in one line, or None where it did not."""
    import ray

    watch = threading.Timer(START_TIMEOUT_S, _end_node)
    watch.start()
    try:
        with _own_sigterm():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:  # Ray's start raises bare exceptions; each of them ends as an error of ours
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    finally:
        watch.cancel()
    return None


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Keep our handler of SIGTERM: Ray's would end this process with 15 or 1 while it starts, and amid a unit later."""
    import ray

    utils = ray._private.utils
    theirs = utils.set_sigterm_handler
    utils.set_sigterm_handler = lambda _handler: None
    try:
        yield
    finally:
        utils.set_sigterm_handler = theirs


def _end_node() -> None:
    """Make a start of Ray that hangs (one of its processes died at the wrong moment) fail: nothing in Ray does."""
    import ray

    node = ray._private.worker._global_node
    for raylet in node.all_processes.get("raylet", []) if node else []:
        raylet.process.kill()


def _check_address(address: str) -> None:
    """Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        msg = f"--ray-address {address}: no Ray cluster answers ({error}); expected HOST:PORT as `ray start` names it"
        raise InputError(msg) from None


def cluster_gpus(address: str) -> int:
    """GPUs of the cluster that is joined."""
    start_ray(address)
    import ray

    return int(ray.cluster_resources().get("GPU", 0))


def session_folder() -> Path | None:
    """The folder of the session on this machine; None where there is none."""
    import ray

    node = ray._private.worker._global_node
    return Path(node.get_session_dir_path()) if node else None
