"""Figures for Prometheus: requests, jobs, mail, connections and memory, of all processes of one server together.

They are not for the public: they are answered at a port of their own, or to who shows the token.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import text

from sync_server.database import Database

MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable in which prometheus-client looks for the folder that processes share."""

_log = structlog.get_logger(__name__)
_own = CollectorRegistry()
disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS = Counter("itutoros_requests", "Requests answered.", ["method", "route", "status"], registry=_own)
REQUEST_SECONDS = Histogram(
    "itutoros_request_seconds",
    "Time from a request to the end of its answer; streams of events are left out.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=_own,
)
REQUESTS_IN_HAND = Gauge(
    "itutoros_requests_in_hand", "Requests being answered.", registry=_own, multiprocess_mode="livesum"
)
STREAMS_OPEN = Gauge("itutoros_streams_open", "Streams of events.", registry=_own, multiprocess_mode="livesum")
BODY_BYTES = Counter("itutoros_body_bytes", "Bytes of bodies.", ["direction"], registry=_own)
CONNECTIONS = Gauge(
    "itutoros_database_connections_used",
    "Connections to PostgreSQL that a request holds.",
    registry=_own,
    multiprocess_mode="livesum",
)
MAILS = Counter("itutoros_mails", "Mails tried, by outcome.", ["outcome"], registry=_own)
JOBS_DONE = Counter("itutoros_jobs_done", "Jobs ended, by task and outcome.", ["task", "outcome"], registry=_own)


class _Surroundings(Collector):
    """What is asked at the moment of reading: the waiting jobs, and the processes of this server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        jobs = GaugeMetricFamily("itutoros_jobs", "Jobs in the database.", labels=["task", "status"])
        oldest = GaugeMetricFamily(
            "itutoros_jobs_oldest_due_seconds", "For how long the longest waiting job has been due."
        )
        is_up = GaugeMetricFamily("itutoros_database_up", "Whether PostgreSQL answers.")
        try:
            with self._database.routing() as session:
                for task, status, count in session.execute(
                    text("SELECT task_name, status::text, count(*) FROM procrastinate_jobs GROUP BY 1, 2")
                ):
                    jobs.add_metric([task, status], count)
                waiting = session.execute(_OLDEST_DUE).scalar_one()
            oldest.add_metric([], float(waiting))
            is_up.add_metric([], 1)
        except Exception as error:
            _log.warning("figures of the database are missing", error=error)
            is_up.add_metric([], 0)
        yield from (jobs, oldest, is_up)
        memory = GaugeMetricFamily("itutoros_process_resident_bytes", "Memory in use.", labels=["process"])
        cpu = GaugeMetricFamily("itutoros_process_cpu_seconds", "Processor time used.", labels=["process"])
        top = psutil.Process(os.getppid() if os.environ.get(CHILD) else os.getpid())
        for process in [top, *top.children()]:
            try:
                with process.oneshot():
                    if process.pid != top.pid and not any("spawn_main" in word for word in process.cmdline()):
                        # An embedded PostgreSQL, or what Python starts beside its processes.
                        continue
                    times = process.cpu_times()
                    memory.add_metric([str(process.pid)], process.memory_info().rss)
                    cpu.add_metric([str(process.pid)], times.user + times.system)
            except psutil.Error:
                continue
        yield from (memory, cpu)


CHILD = "ITUTOROS_CHILD"
"""Environment variable that marks a process started by the serving parent."""

_OLDEST_DUE = text(
    "SELECT coalesce(extract(epoch FROM now() - min(greatest(coalesce(scheduled_at, since.at), since.at))), 0) "
    "FROM procrastinate_jobs AS job "
    "JOIN LATERAL ("
    "SELECT min(at) AS at FROM procrastinate_events WHERE job_id = job.id AND type = 'deferred'"
    ") AS since ON true WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()"
)


def exposition(database: Database) -> bytes:
    """All figures in Prometheus's text format."""
    surroundings = CollectorRegistry()
    surroundings.register(_Surroundings(database))
    counted = _own
    if os.environ.get(MULTIPROCESS_FOLDER):
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    return generate_latest(counted) + generate_latest(surroundings)


def is_allowed(authorization: str, token: str) -> bool:
    """Whether a request shows the token; never when none is set."""
    return bool(token) and hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())


@contextmanager
def metrics_port(database: Database, host: str, port: int) -> Iterator[int]:
    """Answer /metrics at a port of its own while the block runs; gives the port (0 picks one)."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_known = self.path.partition("?")[0] == "/metrics"
            body = exposition(database) if is_known else b"Only /metrics is here.\n"
            self.send_response(200 if is_known else 404)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST if is_known else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a reading every few seconds is no event."""

    server = ThreadingHTTPServer((host, port), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="figures", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
