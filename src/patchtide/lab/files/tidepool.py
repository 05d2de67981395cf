#!/usr/bin/python3
"""Tidepool: a small web service whose versions behave well and badly, for rehearsing updates."""

import json
import os
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RELEASE = json.loads(Path("/usr/lib/tidepool/release.json").read_text(encoding="utf-8"))
CONFIGURATION = Path("/etc/tidepool/tidepool.conf")
ENVIRONMENT = Path("/etc/tidepool/environment")


def setting(name: str, default: str) -> str:
    """Return a setting of the configuration file, whose lines are `name = value`."""
    pairs = (line.partition("=") for line in CONFIGURATION.read_text(encoding="utf-8").splitlines())
    return next((value.strip() for key, sign, value in pairs if sign and key.strip() == name), default)


def healthy() -> bool:
    """Return whether this release is well on this host: it is not where the host's environment has its broken word."""
    words = ENVIRONMENT.read_text(encoding="utf-8").split() if ENVIRONMENT.exists() else []
    return RELEASE["broken_where"] not in ["everywhere", *words]


class Page(BaseHTTPRequestHandler):
    """Answers /healthz with 200 or 500, and / with the greeting and the version."""

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/healthz":
            status = HTTPStatus.OK if healthy() else HTTPStatus.INTERNAL_SERVER_ERROR
            self.answer(status, "ok" if healthy() else "the tide is out")
        elif self.path == "/":
            self.answer(HTTPStatus.OK, f"{setting('greeting', 'tidepool')} {RELEASE['version']}")
        else:
            self.answer(HTTPStatus.NOT_FOUND, "no such page")

    def answer(self, status: HTTPStatus, text: str) -> None:
        """Send one line of text."""
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the journal quiet."""


def crash_later(seconds: float) -> None:
    """End the process the hard way after a while."""
    time.sleep(seconds)
    os._exit(70)


if __name__ == "__main__":
    if RELEASE["crash_after"]:
        threading.Thread(target=crash_later, args=(RELEASE["crash_after"],), daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", int(setting("port", "8080"))), Page).serve_forever()  # noqa: S104 a host of its own
