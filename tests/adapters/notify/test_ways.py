"""Real programs, a real web server and a real mail server: what they get, and what is said when they do not."""

import json
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.adapters.notify.servers import mail_server, web
from tests.core.made import NOW

from patchtide.adapters.notify.ways import NotSentError, send
from patchtide.core.channels import Channel, Command, Mail, News, Security, Webhook
from patchtide.core.maintenance import Secret
from patchtide.core.notices import Notice
from patchtide.core.windows import Opening
from patchtide.ports import Letter

OPENING = Opening("night", NOW, NOW + timedelta(hours=4))
NOTICE = Notice("planned prod x", News.PLANNED, "prod", "Planned maintenance: prod", "Time: tonight, in Köln", OPENING)
SECRET = "low-water-17"
SHORT = timedelta(seconds=1)


def letter(channel: Channel) -> Letter:
    return Letter("0123456789abcdef" * 2, "run-1", NOTICE, channel, NOW)


def refused(channel: Channel) -> NotSentError:
    with pytest.raises(NotSentError) as caught:
        send(letter(channel))
    assert SECRET not in str(caught.value)
    return caught.value


def program(folder: Path, text: str) -> str:
    path = folder / "tell"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_program_gets_the_notice_as_json_and_its_arguments_as_they_are(tmp_path: Path) -> None:
    tell = program(tmp_path, f'cat > {tmp_path}/got; echo "$2 $PATCHTIDE_RUN" > {tmp_path}/said')
    send(letter(Command("ops", (tell, "--room", "a b; $HOME"))))
    got = json.loads((tmp_path / "got").read_text("utf-8"))
    assert (got["schema"], got["run"], got["news"], got["tier"]) == ("patchtide/notice/v1", "run-1", "planned", "prod")
    assert (got["subject"], got["text"]) == (NOTICE.subject, NOTICE.text)
    assert got["window"] == {"name": "night", "opens": "2026-11-21T05:00:00Z", "closes": "2026-11-21T09:00:00Z"}
    assert (tmp_path / "said").read_text("utf-8") == "a b; $HOME run-1\n"


def test_a_program_that_fails_is_not_there_or_does_not_read_says_so(tmp_path: Path) -> None:
    why = refused(Command("ops", (program(tmp_path, "echo no such room >&2; exit 3"),)))
    assert (str(why).endswith("ended with 3: no such room"), why.unsure) == (True, False)
    assert "cannot be run" in str(refused(Command("ops", (str(tmp_path / "nothing"),))))
    send(letter(Command("ops", ("true",))))  # it reads nothing, and that is its own business


def test_a_program_that_does_not_end_is_ended_with_its_children_and_may_have_told(tmp_path: Path) -> None:
    tell = program(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    why = refused(Command("ops", (tell,), timeout=SHORT))
    assert (why.unsure, "did not end within 1 s" in str(why)) == (True, True)
    child = int((tmp_path / "child").read_text("utf-8"))
    while _lives(child):  # it was killed a moment ago
        pass


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_webhook_gets_it_with_what_only_the_environment_and_files_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_TOKEN", f"Bearer {SECRET}")
    with web() as kept:
        (tmp_path / "url").write_text(f"{kept.url}\n", encoding="utf-8")
        send(letter(Webhook("chat", address=Secret(file=str(tmp_path / "url")), authorization=Secret("CHAT_TOKEN"))))
        send(letter(Webhook("chat", kept.url)))
    (path, headers, body), (_, bare, _) = kept.got
    assert (path, body["subject"], body["id"]) == ("/hooks/s3cret", NOTICE.subject, letter(Webhook("x")).id)
    assert (headers["Authorization"], headers["Idempotency-Key"]) == (f"Bearer {SECRET}", body["id"])
    assert "Authorization" not in bare


def test_a_webhook_that_refuses_or_sends_elsewhere_has_not_taken_it() -> None:
    with web() as kept:
        kept.status = 503
        why = refused(Webhook("chat", kept.url))
        assert (str(why), why.unsure) == ("the server answered 503 Service Unavailable", False)
        kept.status, kept.headers = 302, {"Location": kept.url}
        assert "302" in str(refused(Webhook("chat", kept.url)))
        assert len(kept.got) == 2
    gone = refused(Webhook("chat", kept.url))
    assert ("refused" in str(gone), gone.unsure, kept.url in str(gone)) == (True, False, False)


def test_a_webhook_that_falls_silent_may_have_taken_it() -> None:
    with web() as kept:
        kept.silent = threading.Event()
        why = refused(Webhook("chat", kept.url, timeout=SHORT))
        kept.silent.set()
    assert (why.unsure, "did not answer within 1 s" in str(why)) == (True, True)


@pytest.mark.parametrize("value", ["", "two\nlines", "ftp://elsewhere"])
def test_an_address_that_is_none_is_named_by_its_place_alone(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT", value)
    assert "address" in str(why := refused(Webhook("chat", address=Secret("CHAT"))))
    assert not value or value not in str(why)
    assert "cannot be read" in str(refused(Webhook("chat", address=Secret(file="/nowhere"))))


def post(port: int, **more: object) -> Mail:
    channel = {
        "host": "127.0.0.1",
        "sender": "tide@example.org",
        "to": ("a@example.org", "b@example.org"),
        "port": port,
    }
    return Mail("users", **{**channel, "security": Security.NONE, "timeout": SHORT * 5, **more})  # type: ignore[arg-type]


def test_mail_arrives_with_its_subject_and_text() -> None:
    with mail_server() as kept:
        send(letter(post(kept.port)))
    sender, to, text = kept.mails[0]
    assert ("tide@example.org" in sender, len(to)) == (True, 2)
    for part in ("Subject: Planned maintenance: prod", "Auto-Submitted: auto-generated", "Run run-1"):
        assert part in text


def test_mail_that_is_refused_was_not_sent_and_that_was_for_some_is_not_sent_twice() -> None:
    with mail_server() as kept:
        kept.refuses = {"a@example.org"}
        some = refused(post(kept.port))
        assert (some.unsure, "a@example.org" in str(some), len(kept.mails)) == (True, True, 1)
        kept.refuses = {"example.org"}
        everyone = refused(post(kept.port))
        assert (everyone.unsure, len(kept.mails)) == (False, 1)
    assert not refused(post(kept.port)).unsure


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that signed itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path / "mail.pem"
    text = key.private_bytes(serialization.Encoding.PEM, *form) + made.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(text)
    return path


def test_a_password_goes_only_to_a_server_whose_certificate_is_trusted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", SECRET)
    with mail_server(certificate) as kept:
        channel = post(kept.port, security=Security.STARTTLS, user="tide", password=Secret("MAIL_PASSWORD"))
        why = refused(channel)
        assert ("certificate" in str(why).lower(), why.unsure, kept.logins) == (True, False, [])
        monkeypatch.setitem(os.environ, "SSL_CERT_FILE", str(certificate))
        send(letter(channel))
    assert (kept.logins, kept.encrypted) == ([f":tide:{SECRET}"], [True])
