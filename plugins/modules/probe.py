#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: probe
short_description: Read everything about a host that patching needs, in one call
version_added: "0.1.0"
description:
  - Reads pending updates with their files and hashes, services, room, boot, locks and the baseline of health checks.
  - Nothing is installed or removed. A refresh that failed, or an update without a hash, is a failure.
options:
  refresh:
    description:
      - Whether to fetch the package lists first.
    type: bool
    default: true
  advisories:
    description:
      - Whether to fetch the pending updates into C(/var/lib/patchtide/cache/), where M(patchtide.patchtide.stage) finds
        them, and to read in their changelogs what they fix.
      - What cannot be had within some minutes or without filling a file system stays unknown, and is noted.
    type: bool
    default: false
  run:
    description:
      - A run whose journal is read along. The journal of everything done under it lies in
        C(/var/lib/patchtide/<run>/).
      - Lower-case letters, digits and dashes, at most 64.
    type: str
  without:
    description:
      - Versions that are not wanted, each with C(name), C(arch) and C(version).
      - What is pending is solved as if they did not exist, so what needs one of them is not pending either.
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - patchtide.patchtide.checks
attributes:
  check_mode:
    support: full
    description: The package lists are read as they are, not refreshed.
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
- name: Read the host
  patchtide.patchtide.probe:
    checks:
      - name: web
        kind: http
        port: 8080
        path: /healthz
      - name: units
        kind: services
  register: host_read
"""

RETURN = r"""
report:
  description: What the host is and what it could take.
  returned: always
  type: dict
  contains:
    schema:
      description: The report's schema, V(patchtide/probe/v1).
      returned: always
      type: str
    platform:
      description: Distribution, release, codename, arch and package manager.
      returned: always
      type: dict
    machine_id:
      description: The machine id.
      returned: always
      type: str
    hostname:
      description: The host's own name.
      returned: always
      type: str
    kernel:
      description: The running kernel.
      returned: always
      type: str
    boot:
      description: Boot id and start of PID 1.
      returned: always
      type: str
    clock:
      description: The host's UTC clock.
      returned: always
      type: str
    timezone:
      description: The time zone that the host is set to, such as Europe/Berlin; empty when that cannot be told.
      returned: always
      type: str
    pending:
      description: The updates, each with installed, previous (the same), version, origin, suite, security, filename,
        size, sha256, and removes, the packages (name, arch, version) that would have to leave for it,
        restart (V(reboot) where one is to be expected), and with O(advisories) cves (null where they are unknown),
        advisories, released (the changelog's newest entry).
      returned: always
      type: list
    installed:
      description: Every installed package's version, by C(name:arch).
      returned: always
      type: dict
    held:
      description: Packages on hold, or pinned by name.
      returned: always
      type: list
    kept_back:
      description: Packages that the host's package manager cannot update as things stand, phased updates aside.
      returned: always
      type: list
    services:
      description: Active and enabled state of lasting services that are not at rest, by unit name.
      returned: always
      type: dict
    space:
      description: Free bytes by folder.
      returned: always
      type: dict
    reboot:
      description: Whether a reboot is owed (V(owed)) and the reasons (V(why)).
      returned: always
      type: dict
    trouble:
      description: What stands in the way, each with code, reason and hint.
      returned: always
      type: list
    notes:
      description: What stays unknown of the updates and stands in nobody's way, each with code, reason and hint.
      returned: always
      type: list
    measurements:
      description: Each check's status (V(pass), V(fail), V(unmeasured)), detail, status before, number of looks and
        seconds.
      returned: always
      type: list
    journal:
      description: The run's journal as inspect returns it, null where there is none.
      returned: always
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import answered, call_of


def main() -> None:
    """Entry point."""
    call = call_of("probe")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
