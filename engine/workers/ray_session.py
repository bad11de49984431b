"""Ray as this process uses it: a local one closed to strangers, or a cluster that is there already.

Ray's listeners stand on every network interface, so a Ray of ours asks for a token that only this process and its
workers know. A cluster that is joined has its own token, and the user's environment names it. Ray reads these
settings when it is imported: call `protect` before that.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from typing import Any

from schemas.errors import InputError, WorkerError

CONNECT_TIMEOUT_S = 10.0
START_TIMEOUT_S = 180.0  # of a local Ray, which takes seconds
OURS = {
    "RAY_AUTH_MODE": "token",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # no copying of the project into another environment
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def protect(address: str | None) -> None:
    """Settle how Ray will be used in this process, before its import."""
    if address is None and "ray" not in sys.modules:
        for name, value in OURS.items():
            os.environ.setdefault(name, value)
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def start_ray(address: str | None = None) -> bool:
    """Use the Ray that runs in this process, join a cluster, or start a local Ray; ``RAY_ADDRESS`` is not followed.

    Args:
        address: Of a running cluster (``HOST:PORT``); None is a Ray of our own.

    Returns:
        Whether it was started or joined here, and so is to be left here.

    Raises:
        InputError: There is no cluster at the address.
        WorkerError: A Ray of our own cannot be started.
    """
    protect(address)
    import ray

    if ray.is_initialized():
        return False
    if address is not None:
        _check_address(address)
    options: dict[str, Any] = {"include_dashboard": False} if address is None else {}
    before = signal.getsignal(signal.SIGTERM)
    watch = threading.Timer(START_TIMEOUT_S, _end_node)
    watch.start()
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:  # Ray's start raises bare exceptions; all of them end here as an error of ours
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if address is not None:
            msg = f"--ray-address {address}: no Ray cluster can be joined there: {reason}"
            raise InputError(msg) from None
        msg = f"Ray cannot be started: {reason}; run the same command again, or work without Ray: --workers 0"
        raise WorkerError(msg) from error
    finally:
        watch.cancel()
    if before is not None:
        signal.signal(signal.SIGTERM, before)  # Ray's own handler would end the process in the middle of a unit
    return True


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
