"""What Ansible's programs find in their environment: whatever is said here overrides files and the user's variables."""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

MARKER = "PATCHTIDE_MARKER"
RUN = "PATCHTIDE_RUN"

_QUIET = {
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_FORCE_COLOR": "0",
    "ANSIBLE_VERBOSITY": "0",
    "ANSIBLE_DEPRECATION_WARNINGS": "False",
    "ANSIBLE_NOCOWS": "1",
    "PYTHONUNBUFFERED": "1",
}
_SOUND_INVENTORY = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",  # else a broken file is a warning, and its hosts are missing
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "True",
    "ANSIBLE_DUPLICATE_YAML_DICT_KEY": "error",
}
_TAMED = {
    "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.minimal",  # one that is never loaded; none at all is an error
    "ANSIBLE_CALLBACK_PLUGINS": "",
    "ANSIBLE_STDOUT_CALLBACK": "",  # the runner's own, which builds on the user's, and fails when that is gone
    "ORIGINAL_STDOUT_CALLBACK": "default",
    "ANSIBLE_LOAD_CALLBACK_PLUGINS": "False",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    "ANSIBLE_HOST_KEY_CHECKING": "True",  # the runner turns it off unless told
    "ANSIBLE_PIPELINING": "True",
    "ANSIBLE_INJECT_FACT_VARS": "False",
    "ANSIBLE_PYTHON_INTERPRETER": "auto_silent",
    "ANSIBLE_STRATEGY": "linear",
    "ANSIBLE_ANY_ERRORS_FATAL": "False",
    "ANSIBLE_TASK_TIMEOUT": "0",
    "ANSIBLE_RUN_TAGS": "all",
    "ANSIBLE_SKIP_TAGS": "",
    "ANSIBLE_HOST_PATTERN_MISMATCH": "warning",
    "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "False",
    "MAX_EVENT_RES": "700000",
    "JOB_ID": "",  # CI systems set it to words, at which the runner's callback fails
    "PROJECT_UPDATE_ID": "",
    "AWX_LIB_DIRECTORY": "",
}
_NOT_EVEN_EMPTY = ("AD_HOC_COMMAND_ID",)
"""Where it is set at all, empty or not, the runner starts Ansible in another directory than asked."""

_USER_COLLECTIONS = "~/.ansible/collections:/usr/share/ansible/collections"


def searched() -> str:
    """Return PATH with the programs of this Python's environment first."""
    beside = str(Path(sys.executable).parent)
    return os.pathsep.join(part for part in (beside, os.environ.get("PATH", os.defpath)) if part)


def for_inventory() -> dict[str, str]:
    """Return the environment in which the inventory is read; a home that cannot be written is no obstacle."""
    return {
        "ANSIBLE_LOCAL_TEMP": tempfile.gettempdir(),
        **os.environ,
        **_QUIET,
        **_SOUND_INVENTORY,
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",  # a typing error in `all:!databases` must not select the databases
        "PATH": searched(),
    }


def for_play(run_id: str, marker: str, private: Path, sockets: Path, forks: int) -> Mapping[str, str]:
    """Return what an attempt adds to the environment: `sockets` is a short path, as a socket's may have 104 bytes."""
    collections = os.environ.get("ANSIBLE_COLLECTIONS_PATH") or _USER_COLLECTIONS
    return {
        **_QUIET,
        **_SOUND_INVENTORY,
        **_TAMED,
        **{name: "" for name in _NOT_EVEN_EMPTY if name in os.environ},
        "PATH": searched(),
        "ANSIBLE_FORKS": str(forks),
        "ANSIBLE_COLLECTIONS_PATH": f"{private / 'collections'}:{collections}",
        "ANSIBLE_LOCAL_TEMP": str(private / "tmp"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets),
        MARKER: marker,
        RUN: run_id,
    }
