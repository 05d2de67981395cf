"""Platforms: which hosts can share package files."""

from patchtide.core.packages import Platform


def test_hosts_share_files_when_distribution_release_and_architecture_agree() -> None:
    assert Platform("debian", "12", "arm64", "apt", "bookworm").key == "debian-12-arm64"
