"""Ray as this process starts it: local, and closed to strangers.

Ray's listeners stand on every network interface, so a cluster of ours asks for a token that only this process and
its workers know. Ray reads the settings when it is imported: import `ray` from here.
"""

from __future__ import annotations

import logging
import os
import secrets

os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # no copying of the project into another environment
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray

__all__ = ["ray", "start_ray"]


def start_ray() -> bool:
    """Use the Ray that runs in this process, or start a local one; ``RAY_ADDRESS`` is not followed.

    Returns:
        Whether it was started here, and so is to be stopped here.
    """
    if ray.is_initialized():
        return False
    ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    return True
