"""Ansible as the way to the hosts; the only place that imports ansible_runner."""

from patchtide.adapters.ansible.executor import AnsibleExecutor

__all__ = ["AnsibleExecutor"]
