"""The zone that a host is set to, as localtime(5) says it."""

from pathlib import Path

import pytest
from plugins.module_utils.host.clock import time_zone


@pytest.mark.parametrize(
    ("link", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("../usr/share/zoneinfo/UTC", "UTC"),
        ("/somewhere/else", ""),
    ],
)
def test_the_link_names_the_zone(tmp_path: Path, link: str, zone: str) -> None:
    (tmp_path / "localtime").symlink_to(link)
    (tmp_path / "timezone").write_text("Asia/Tokyo\n", encoding="ascii")
    assert time_zone(str(tmp_path)) == zone


def test_without_a_link_it_is_utc_and_a_copy_says_its_name_elsewhere(tmp_path: Path) -> None:
    assert time_zone(str(tmp_path)) == "UTC"
    (tmp_path / "localtime").write_bytes(b"TZif2")
    assert time_zone(str(tmp_path)) == ""
    (tmp_path / "timezone").write_text("Asia/Tokyo\n", encoding="ascii")
    assert time_zone(str(tmp_path)) == "Asia/Tokyo"
