"""Commands are passed on to a socket and answered, one connection each, by the module, and by the play around it."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.relaying import relay
from tests.content.ansible import played
from tests.content.test_playbooks import HERE, ROOT, asking


@contextmanager
def echoing(path: Path) -> Iterator[None]:
    """Answer each connection at a socket with the line that came, and close it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    line.sendall(b"said " + line.recv(1000))

        threading.Thread(target=serve, daemon=True).start()
        yield
        listener.shutdown(socket.SHUT_RDWR)


def test_each_command_has_its_answer(tmp_path: Path) -> None:
    with echoing(tmp_path / "s"):
        answers = relay(str(tmp_path / "s"), ["show stat", "set server web/a state drain"]).report["answers"]
    assert answers == ["said show stat\n", "said set server web/a state drain\n"]


@pytest.mark.parametrize("address", ["/nowhere/s", "127.0.0.1:1", "127.0.0.1:x"])
def test_nobody_there_is_a_sentence(address: str) -> None:
    with pytest.raises(HostError, match=f"nothing answers at {address}"):
        relay(address, ["show stat"])


def test_two_lines_are_no_command(tmp_path: Path) -> None:
    with echoing(tmp_path / "s"), pytest.raises(HostError, match="is no command"):
        relay(str(tmp_path / "s"), ["show stat\nshutdown sessions server web/a"])


def test_the_play_passes_commands_on(tmp_path: Path) -> None:
    requests = asking(tmp_path, "localhost", socket=str(tmp_path / "s"), commands=["show {{ 6 * 7 }}"])
    with echoing(tmp_path / "s"):
        done = played(
            ROOT / "playbooks" / "relay.yml", "localhost,", tmp_path, *requests, *HERE, "-e", "patchtide_become=false"
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.split("=>", 1)[1])["report"]["answers"] == ["said show {{ 6 * 7 }}\n"]
