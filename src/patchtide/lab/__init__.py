"""The practice fleet: real hosts in containers, real pending updates, and a web service that behaves well and badly."""

from patchtide.lab.doctor import problem
from patchtide.lab.fleet import HostStatus, Lab, LabStatus, down, load, status, up
from patchtide.lab.inventory import RunningHost
from patchtide.lab.spec import LabError, LabHost, LabSpec, blank_spec, default_spec

__all__ = [
    "HostStatus",
    "Lab",
    "LabError",
    "LabHost",
    "LabSpec",
    "LabStatus",
    "RunningHost",
    "blank_spec",
    "default_spec",
    "down",
    "load",
    "problem",
    "status",
    "up",
]
