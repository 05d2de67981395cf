"""What stands around hosts: HAProxy, Alertmanager, and commands on the controller."""

from patchtide.adapters.outside.surroundings import Surroundings

__all__ = ["Surroundings"]
