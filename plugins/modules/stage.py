#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: stage
short_description: Fetch the locked package files and prove both directions
version_added: "0.1.0"
description:
  - Downloads exactly the listed versions, verifies each sha256, and keeps the old file of everything that will be
    replaced or removed.
  - Old files come from the package manager's cache, the mirror, or dpkg-repack.
  - Simulates the update, and the way back on a view of the host in which the update is installed.
  - Not ready is a failure that says why. What is staged already is not fetched again.
options:
  packages:
    description:
      - The packages of the plan, exactly these versions and files.
      - Each has C(name), C(arch), C(version), C(filename), C(size) (bytes), C(sha256), and C(previous), the version
        it replaces (null where it comes new).
      - What M(patchtide.patchtide.probe) returns as C(pending) can be passed as it is; other keys are ignored. What
        has to leave for an update is named in O(removes), or the update is refused.
    type: list
    elements: dict
    required: true
  removes:
    description:
      - The installed packages that leave, each with C(name), C(arch) and C(version).
      - Exactly these. An update that would remove another package is not ready, nor is one that would not need to.
    type: list
    elements: dict
    default: []
  promised:
    description:
      - The sha256 of files that the caller can bring to C(/var/lib/patchtide/<run>/inbox/), where this host's sources
        lack them. When nothing else is missing this is no failure; bring them and call again without this.
    type: list
    elements: str
    default: []
  returns:
    description:
      - The way back that has to be proven. V(packages) are the old package files.
      - V(snapshot) asks for a snapshot of the root file system as well, which M(patchtide.patchtide.apply) takes right
        before the update, and M(patchtide.patchtide.rollback) uses when the packages would not go back. So far that is
        a root on btrfs which is booted by the name of its subvolume.
      - V(none) keeps no old files. Nothing can be put back then.
    type: str
    choices: [packages, snapshot, none]
    default: packages
  machine_id:
    description:
      - The machine id of the host that the packages were planned for, as M(patchtide.patchtide.probe) returns it.
      - Another machine, or the same one installed anew, is not ready. Empty is any machine.
    type: str
    default: ""
  backup:
    description:
      - How this host is backed up once it is ready otherwise; without a good backup it is not ready.
      - The words of a command that makes it (C(run), may be left out) and of one that C(verify)s it, with a C(timeout)
        in seconds for each. With C(proven) both were done right before this call.
    type: dict
extends_documentation_fragment:
  - patchtide.patchtide.run
  - patchtide.patchtide.run.attempt
attributes:
  check_mode:
    support: full
    description: Nothing is fetched; the host, the room and the solver's answer are judged.
  diff_mode:
    support: none
    description: The report says what changed.
  platform:
    support: full
    platforms: Debian, Ubuntu, Fedora, RHEL
    description: Hosts with apt and dpkg, or dnf 4 and rpm; Python 3.8 or newer; systemd where there is one.
requirements:
  - python >= 3.8
author:
  - The Patchtide authors (@patchtide)
"""

EXAMPLES = r"""
- name: Stage the plan's packages
  patchtide.patchtide.stage:
    run: r-2026-11-21
    packages:
      - name: openssl
        arch: amd64
        version: 3.0.17-1~deb12u3
        filename: openssl_3.0.17-1~deb12u3_amd64.deb
        size: 1441784
        sha256: 5cdf0b735b1c8a96ae0bf83ed328c83c2170f8320dedb035e98705b60b2d0cfe
        previous: 3.0.17-1~deb12u2
"""

RETURN = r"""
report:
  description: Whether this host is ready, and what it has for both directions.
  returned: always
  type: dict
  contains:
    ready:
      description: Whether everything is in place and proven.
      returned: always
      type: bool
    reason:
      description: Why not, empty when ready.
      returned: always
      type: str
    staged:
      description: The new files with name, arch, version, filename and sha256.
      returned: always
      type: list
    kept:
      description: The old files, likewise, with their source (V(cache), V(mirror), V(repack)).
      returned: always
      type: list
    reverse:
      description: Whether the way back is proven, and how or why not.
      returned: always
      type: dict
    trouble:
      description: What stands in the way, each with code, reason and hint.
      returned: always
      type: list
    bytes:
      description: Size of all files.
      returned: always
      type: int
    missing:
      description: The sha256 of locked files that neither the host nor its sources have.
      returned: always
      type: list
    backed_up:
      description: Whether a backup was made and found good by this call.
      returned: always
      type: bool
    brought:
      description: The sha256 of files that were found in the inbox.
      returned: always
      type: list
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import answered, call_of


def main() -> None:
    """Entry point."""
    call = call_of("stage")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
