#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lend
short_description: Lay out package files of this host for one whose sources lack them
version_added: "0.1.0"
description:
  - Copies each listed file that lies on this host (staged, kept or cached, found by its sha256) into a new folder.
  - The folder's name cannot be guessed, and its files can be read by the user who fetches them; remove it afterwards.
  - What is not here is left out of the report.
options:
  packages:
    description:
      - The packages whose files are wanted, as M(patchtide.patchtide.stage) takes them.
    type: list
    elements: dict
    required: true
attributes:
  check_mode:
    support: none
    description: A host lends or it does not.
  diff_mode:
    support: none
    description: The report says what is lent.
  platform:
    support: full
    platforms: Debian, Ubuntu, Fedora, RHEL
    description: Hosts with apt and dpkg, or dnf 4 and rpm; Python 3.8 or newer.
requirements:
  - python >= 3.8
author:
  - The Patchtide authors (@patchtide)
"""

EXAMPLES = r"""
- name: Lay out the files that another host lacks
  patchtide.patchtide.lend:
    packages:
      - name: openssl
        arch: amd64
        version: 3.0.17-1~deb12u3
        filename: openssl_3.0.17-1~deb12u3_amd64.deb
        size: 1441784
        sha256: 5cdf0b735b1c8a96ae0bf83ed328c83c2170f8320dedb035e98705b60b2d0cfe
        previous: null
"""

RETURN = r"""
report:
  description: Where the files lie.
  returned: always
  type: dict
  contains:
    folder:
      description: The new folder, each file in it named by its sha256.
      returned: always
      type: str
    lent:
      description: The sha256 of each file in it.
      returned: always
      type: list
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import answered, call_of


def main() -> None:
    """Entry point."""
    call = call_of("lend")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
