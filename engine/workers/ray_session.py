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
from typing import Any

from schemas.errors import InputError

CONNECT_TIMEOUT_S = 10.0
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
    """
    protect(address)
    import ray

    if ray.is_initialized():
        return False
    if address is not None:
        _check_address(address)
    options: dict[str, Any] = {"include_dashboard": False} if address is None else {}
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        if address is None:
            raise
        msg = f"--ray-address {address}: no Ray cluster can be joined there: {str(error).splitlines()[0]}"
        raise InputError(msg) from None
    if before is not None:
        signal.signal(signal.SIGTERM, before)  # Ray's own handler would end the process in the middle of a unit
    return True


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
