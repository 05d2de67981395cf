#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: measure
short_description: Measure health checks of a host from elsewhere
version_added: "0.1.0"
description:
  - Makes health checks of a host from where it runs, which is the controller mostly, and keeps nothing.
  - Whatever the checks find, the module succeeds; its report says what they found.
options:
  checks:
    description:
      - The checks, as M(patchtide.patchtide.verify) takes them, of the kinds V(http), V(tcp), V(dns), V(command),
        V(sql), V(prometheus) and V(alerts). Without a host V(http) and V(tcp) ask O(address).
      - V({host}) and V({address}) in their texts become O(host) and O(address).
    type: list
    elements: dict
    required: true
  past:
    description:
      - What the same checks measured before the update; without it, just that is measured.
    type: list
    elements: dict
  host:
    description: The name of the host that is judged.
    type: str
    required: true
  address:
    description: The address of the host that is judged.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: The same; measuring changes nothing.
  diff_mode:
    support: none
    description: The report says what was measured.
  platform:
    support: full
    platforms: posix
    description: Python 3.8 or newer.
requirements:
  - python >= 3.8
author:
  - The Patchtide authors (@patchtide)
"""

EXAMPLES = r"""
- name: Ask Prometheus about the host
  patchtide.patchtide.measure:
    host: "{{ inventory_hostname }}"
    address: "{{ ansible_host }}"
    checks:
      - name: errors
        kind: prometheus
        url: http://prometheus:9090
        query: rate(errors_total{instance="{host}:8080"}[1m])
        max: 0.01
  delegate_to: localhost
"""

RETURN = r"""
report:
  description: What was measured.
  returned: always
  type: dict
  contains:
    measurements:
      description: Each check's status, detail, status before, number of looks and seconds; numbers that were compared.
      returned: always
      type: list
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import answered, call_of


def main() -> None:
    """Entry point."""
    call = call_of("measure")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
