"""Package files on the controller, each under its own hash: what a host has proven, or a bundle brought."""

from patchtide.adapters.depot.files import FileDepot
from patchtide.adapters.depot.keeper import BundleKeeper

__all__ = ["BundleKeeper", "FileDepot"]
