"""A server with accounts on a real socket, and a real SMTP server that receives its mail."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import httpx
import pytest
import uvicorn
from aiosmtpd.controller import Controller

from shared_models.base import new_id
from sync_server.app import create_app
from sync_server.database import Database
from sync_server.settings import MailSettings, OpenIdProvider, Settings

PASSWORD = "correct horse battery"
PATIENCE_SECONDS = 30.0


class Inbox:
    """What the SMTP server received; tests wait for a mail rather than sleep."""

    def __init__(self) -> None:
        self._messages: list[EmailMessage] = []
        self._arrived = threading.Condition()

    async def handle_DATA(self, server, session, envelope) -> str:  # type: ignore[no-untyped-def]
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        with self._arrived:
            self._messages.append(message)
            self._arrived.notify_all()
        return "250 Message accepted"

    def to(self, recipient: str) -> list[EmailMessage]:
        """What has arrived for an address."""
        return [message for message in self._messages if recipient in message["To"]]

    def wait_for(self, recipient: str, count: int = 1) -> EmailMessage:
        """The newest mail to an address, once there are `count`."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.to(recipient)) >= count, PATIENCE_SECONDS), recipient
            return self.to(recipient)[-1]

    def key_for(self, recipient: str, count: int = 1) -> str:
        """The key in the link of the newest mail."""
        return key_in(self.wait_for(recipient, count))


def text_of(message: EmailMessage) -> str:
    """The plain text of a mail."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def key_in(message: EmailMessage) -> str:
    """The key of the link in a mail."""
    found = re.search(r"key=([\w-]+)", text_of(message))
    assert found is not None
    return found[1]


class MovedClock:
    """The computer's clock, moved ahead by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, **span: float) -> None:
        self.ahead += timedelta(**span)


class AccountServer:
    """The application behind a real socket."""

    def __init__(self, database: Database, settings: Settings, port: int) -> None:
        self.database = database
        self.url = settings.site_url
        self.clock = MovedClock()
        self._clients: list[httpx.Client] = []
        self.app = create_app(settings, database)
        self.app.state.account_clock = self.clock
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=port, log_level="warning", lifespan="on",
            proxy_headers=True, forwarded_allow_ips="*",
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            self._thread.join(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    def client(self, address: str = "203.0.113.7") -> httpx.Client:
        """A browser without a screen, seen under an address; closed when the test ends, if not before."""
        client = httpx.Client(
            base_url=self.url, timeout=60, follow_redirects=True,
            headers={"X-Forwarded-For": address, "User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"},
        )  # fmt: skip
        self._clients.append(client)
        return client

    def begin_anew(self) -> None:
        """Close what a test has left open, and go back to the present."""
        while self._clients:
            self._clients.pop().close()
        self.clock.ahead = timedelta()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def shared_database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture(scope="module")
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(scope="module")
def providers() -> tuple[OpenIdProvider, ...]:
    """Providers of OpenID Connect; a module that needs some has a fixture of this name."""
    return ()


@pytest.fixture(scope="module")
def server(
    shared_database: Database,
    inbox: Inbox,
    providers: tuple[OpenIdProvider, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[AccountServer]:
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    port = free_port()
    settings = Settings(
        data_folder=tmp_path_factory.mktemp("server"),
        port=port,
        trusts_proxy=True,
        mail=MailSettings(host="127.0.0.1", port=controller.port, uses_tls=False),
        openid_providers=providers,
    )
    server = AccountServer(shared_database, settings, port)
    server.start()
    yield server
    server.stop()
    controller.stop()


@pytest.fixture(autouse=True)
def the_present(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins at the computer's own time."""
    yield
    if "server" in request.fixturenames:
        request.getfixturevalue("server").begin_anew()


def unused_email(name: str = "maya") -> str:
    return f"{name}-{new_id()[-12:]}@hudson.example"


def unused_address() -> str:
    """An address that no other test of this run sends from."""
    tail = int(new_id()[-6:], 16)
    return f"10.{tail >> 16 & 255}.{tail >> 8 & 255}.{tail & 255}"


def wish(**changed: str) -> dict[str, str]:
    """A filled-in sign-up form."""
    return {
        "business_name": "Hudson Learning Center",
        "slug": f"center-{new_id()[-12:]}",
        "time_zone": "America/New_York",
        "country": "US",
        "currency": "USD",
        "first_name": "Maya",
        "last_name": "Torres",
        "email": unused_email(),
        "password": PASSWORD,
        **changed,
    }


@pytest.fixture
def visitor(server: AccountServer) -> Iterator[httpx.Client]:
    """Somebody with a browser, at an address of their own."""
    with server.client(unused_address()) as client:
        yield client
