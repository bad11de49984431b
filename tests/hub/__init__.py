"""A stand-in for the Hub: a real server on this machine with the routes that publishing and loading use."""

from tests.hub.repository import Commit, File, Repository
from tests.hub.server import Fault, StandInHub

__all__ = ["Commit", "Fault", "File", "Repository", "StandInHub"]
