"""The module parameters that several modules share, in Ansible's argument specification."""

from __future__ import annotations

from typing import Any, Dict

Options = Dict[str, Dict[str, Any]]

CHECK_OPTIONS: Options = {
    "name": {"type": "str", "required": True},
    "kind": {"type": "str", "required": True, "choices": ["http", "tcp", "services", "command"]},
    "warm_up": {"type": "float", "default": 0},
    "every": {"type": "float", "default": 1},
    "healthy_for": {"type": "float", "default": 0},
    "deadline": {"type": "float", "default": 60},
    "timeout": {"type": "float", "default": 5},
    "host": {"type": "str", "default": "127.0.0.1"},
    "port": {"type": "int"},
    "path": {"type": "str", "default": "/"},
    "scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
    "status": {"type": "int", "default": 200},
    "contains": {"type": "str"},
    "units": {"type": "raw", "default": "unchanged"},
    "argv": {"type": "list", "elements": "str"},
    "exit": {"type": "int", "default": 0},
}
