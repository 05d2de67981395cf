"""A web server and a mail server on 127.0.0.1 that keep what they get."""

import http.server
import json
import socket
import socketserver
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class Web:
    """What a web server was sent, and what it answers; `silent`: nothing, until it is let go."""

    port: int = 0
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    silent: threading.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/s3cret"


@contextmanager
def web() -> Iterator[Web]:
    kept = Web()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((self.path, dict(self.headers.items()), json.loads(body)))
            if kept.silent is not None:
                kept.silent.wait(30)
                return
            self.send_response(kept.status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        kept.port = server.server_port
        yield from _serving(server, kept)


@dataclass
class Post:
    """What a mail server was given: who logged in, from whom, to whom, and the message."""

    port: int = 0
    certificate: Path | None = None
    refuses: set[str] = field(default_factory=set)
    logins: list[str] = field(default_factory=list)
    mails: list[tuple[str, list[str], str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)


class _Mailman(socketserver.StreamRequestHandler):
    post: Post

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
        self.wfile.flush()

    def handle(self) -> None:
        sender, to, secure = "", list[str](), False
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            word, _, rest = line.partition(" ")
            match word.upper():
                case "EHLO":
                    more = "250-STARTTLS\r\n" if self.post.certificate and not secure else ""
                    self.say(f"250-here\r\n{more}250 AUTH PLAIN")
                case "STARTTLS":
                    self.say("220 go on")
                    secure = self._secured()
                case "AUTH":
                    self.post.logins.append(b64decode(rest.partition(" ")[2]).decode().replace("\0", ":"))
                    self.say("235 welcome")
                case "MAIL":
                    sender = rest
                    self.say("250 ok")
                case "RCPT":
                    refused = any(name in rest for name in self.post.refuses)
                    to += [] if refused else [rest]
                    self.say("550 nobody of that name" if refused else "250 ok")
                case "DATA":
                    self.say("354 go on")
                    self.post.mails.append((sender, to, self._message()))
                    self.post.encrypted.append(secure)
                    self.say("250 kept")
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 ok")

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _message(self) -> str:
        lines: list[str] = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line)
        return "".join(lines)

    def _secured(self) -> bool:
        assert self.post.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.post.certificate)
        self.request: socket.socket = context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
        return True


@contextmanager
def mail_server(certificate: Path | None = None) -> Iterator[Post]:
    kept = Post(certificate=certificate)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Whoever does not trust the certificate hangs up."""

    handler = type("Mailman", (_Mailman,), {"post": kept})
    with Server(("127.0.0.1", 0), handler) as server:
        kept.port = server.server_address[1]
        yield from _serving(server, kept)


def _serving(server: socketserver.BaseServer, kept: T) -> Iterator[T]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
