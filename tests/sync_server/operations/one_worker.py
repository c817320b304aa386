"""A worker of jobs as a process of its own, to be killed: `python -m ... URL SMTP_PORT STALLED_SECONDS`."""

from __future__ import annotations

import sys

from sync_server.database import Database
from sync_server.mail import SmtpTransport
from sync_server.operations.jobs import JobWorker
from sync_server.operations.logs import configure_logs
from sync_server.operations.serving import told_by_signals
from sync_server.settings import MailSettings


def main(url: str, smtp_port: str, stalled_seconds: str) -> None:
    """Do jobs until told to end."""
    configure_logs()
    database = Database(url)
    transport = SmtpTransport(MailSettings(host="127.0.0.1", port=int(smtp_port), uses_tls=False))
    worker = JobWorker(database, transport=transport, stalled_seconds=float(stalled_seconds))
    with told_by_signals(worker.stop):
        worker.run()
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
