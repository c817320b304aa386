"""A center's public home page, one server process under 32 browsers, beside a bare Starlette that answers with the
same bytes and does nothing else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time as clock
from datetime import date, time
from pathlib import Path

from bench.figures import Figure

CONNECTIONS = 32
WARM_UP_SECONDS = 1.0
MEASURED_SECONDS = 4.0
SLUG = "hudson"

_TUTORS = (
    "Jakub Johnson", "Małgorzata Patel", "Daniel Müller", "Małgorzata Williams", "David Lee", "Grace Silva",
    "Isaac Dubois", "Beatriz Rodríguez", "Jakub Haddad", "Grace D’Angelo", "Tomás Dijk", "Ruth Walker",
    "James Ferrari", "Mei-Ling Park",
)  # fmt: skip
_PRICES = {"PRIVATE": (80, 90, 100, 120), "SEMI_PRIVATE": (55, 60, 65, 75), "GROUP": (30, 32, 35, 40)}
_OFFICES = (("Irvington", "50 S Buckhout St"), ("Tarrytown", "9 N Broadway"))


def run() -> list[Figure]:
    """Requests per second and the 99th percentile of the waits, as the browsers see them."""
    with tempfile.TemporaryDirectory() as folder:
        rate, slow = _measured("site", folder, f"/{SLUG}/")
    with tempfile.TemporaryDirectory() as folder:
        floor_rate, floor_slow = _measured("floor", folder, "/")
    return [
        Figure(
            "public home page, 32 connections, one process",
            rate,
            "requests/s",
            2000,
            True,
            "bare Starlette",
            floor_rate,
        ),
        Figure("public home page, 99th percentile", slow, "ms", 30, False, "bare Starlette", floor_slow),
    ]


def _measured(kind: str, folder: str, path: str) -> tuple[float, float]:
    """Requests per second, and the wait in ms that 99 of 100 requests stay under."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.bench_website", kind, folder], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        waits, seconds = asyncio.run(_load(port, path))
    finally:
        server.terminate()
        server.wait(30)
    waits.sort()
    return len(waits) / seconds, waits[int(len(waits) * 0.99)] * 1000


async def _load(port: int, path: str) -> tuple[list[float], float]:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/html\r\nAccept-Encoding: gzip, br\r\n"
        "Accept-Language: en\r\nUser-Agent: bench\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    browsers = []
    for _ in range(CONNECTIONS):
        _, browser = await loop.create_connection(lambda: _Browser(request), "127.0.0.1", port)
        browsers.append(browser)
    await asyncio.sleep(WARM_UP_SECONDS)
    for browser in browsers:
        browser.waits.clear()
    started = clock.perf_counter()
    await asyncio.sleep(MEASURED_SECONDS)
    seconds = clock.perf_counter() - started
    waits = [wait for browser in browsers for wait in browser.waits]
    for browser in browsers:
        browser.close()
    return waits, seconds


class _Browser(asyncio.Protocol):
    """One kept connection that asks for the page again as soon as it has come whole."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._received = 0
        self._whole = 0
        self._asked_at = 0.0
        self._head = b""
        self._is_closing = False
        self.waits: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if not self._whole:
            self._head += data
            self._whole = _size_of_answer(self._head)
        if self._whole and self._received >= self._whole:
            self.waits.append(clock.perf_counter() - self._asked_at)
            if not self._is_closing:
                self._ask()

    def close(self) -> None:
        """Ask no more."""
        self._is_closing = True
        self._transport.close()

    def _ask(self) -> None:
        # The size is read from each answer: another page in between would otherwise go unnoticed.
        self._received, self._whole, self._head = 0, 0, b""
        self._asked_at = clock.perf_counter()
        self._transport.write(self._request)


def _size_of_answer(received: bytes) -> int:
    """Bytes of the whole answer, as far as its head says; 0 while the head is not complete."""
    head, end, _ = received.partition(b"\r\n\r\n")
    if not end:
        return 0
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the server answered {head.splitlines()[0]!r}")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(head) + 4 + int(length)


def _serve_floor() -> None:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    body = bytes(range(256)) * 33  # as many bytes as the compressed home page has

    async def answer(_: Request) -> Response:
        return Response(body, media_type="text/html", headers={"Content-Encoding": "gzip"})

    _serve(Starlette(routes=[Route("/", answer)]))


def _serve_site(folder: Path) -> None:
    from sync_server.app import create_app
    from sync_server.main import open_database
    from sync_server.settings import Settings

    settings = Settings(data_folder=folder)
    with open_database(settings) as database:
        _make_center(database)
        _serve(create_app(settings, database))


def _serve(app: object) -> None:
    import socket

    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_level="warning", server_header=False)  # type: ignore[arg-type]
    uvicorn.Server(config).run([listener])


def _make_center(database: object) -> None:
    """A center of the usual size: two offices, fourteen tutors, prices, hours and closures."""
    from sqlalchemy import select

    from shared_models.access.models import User
    from shared_models.base import new_id
    from shared_models.catalog.models import Service, ServiceOffered, Topic
    from shared_models.organization.models import Closure, Location, OpeningHours, Organization
    from shared_models.people.models import Tutor, TutorSubject
    from sync_server.access.accounts import NewOrganization, create_organization
    from sync_server.database import Database

    assert isinstance(database, Database)
    own = create_organization(
        database,
        NewOrganization(
            business_name="Hudson Learning Center",
            slug=SLUG,
            time_zone="America/New_York",
            owner_first_name="Olivia",
            owner_last_name="Hudson",
            owner_email="owner@hudson.example",
            password="correct horse battery",
            location_name="Irvington Office",
        ),
    )
    with database.tenant(own) as session:
        organization = session.scalars(select(Organization)).one()
        organization.headline = "One thing more than they came with."
        organization.phone, organization.about = "+19145550100", "Two neighborhood offices, fourteen tutors."
        location = session.scalars(select(Location)).one()
        other = Location(organization_id=own, id=new_id(), name="Tarrytown Office", position=1)
        session.add(other)
        services = {service.code: service for service in session.scalars(select(Service))}
        topics = session.scalars(select(Topic).order_by(Topic.id)).all()
        for place, (city, street) in zip((location, other), _OFFICES, strict=True):
            place.city, place.address, place.state, place.postal_code = city, street, "NY", "10533"
            for weekday in range(6):
                session.add(
                    OpeningHours(
                        organization_id=own, location_id=place.id, weekday=weekday, opens=time(9), closes=time(21)
                    )
                )
            for kind, prices in _PRICES.items():
                for level, price in zip(("ELEMENTARY", "MIDDLE", "HIGH", "TEST_PREP"), prices, strict=True):
                    session.add(
                        ServiceOffered(
                            organization_id=own,
                            service_id=services[f"{kind}_{level}"].id,
                            location_id=place.id,
                            hourly_price_cents=price * 100,
                        )
                    )
        session.add(Closure(organization_id=own, first_day=date(2099, 12, 24), last_day=date(2100, 1, 1)))
        for number, name in enumerate(_TUTORS):
            first_name, _, last_name = name.partition(" ")
            user, tutor = new_id(), new_id()
            session.add(User(organization_id=own, id=user, first_name=first_name, last_name=last_name))
            session.add(Tutor(organization_id=own, id=tutor, user_id=user, priority=number + 1))
            for topic in topics[number :: len(_TUTORS) + 4][:4]:
                session.add(
                    TutorSubject(organization_id=own, tutor_id=tutor, subject_id=topic.subject_id, topic_id=topic.id)
                )


if __name__ == "__main__":
    _serve_floor() if sys.argv[1] == "floor" else _serve_site(Path(sys.argv[2]))
