"""The host program: standard library only, Python 3.8 and newer, run by the modules and by its own unit.

Its modules are imported from where this host keeps them, if it keeps just these.
"""

from __future__ import annotations

from .kept import PACKAGE, is_own, place

KEPT = place(__name__, __spec__.loader)
if KEPT and is_own(KEPT):
    __path__.insert(0, f"{KEPT}/{PACKAGE}")
