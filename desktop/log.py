"""The desk's log: what the program did without being asked, beside the data it did it with. The request ids in it are
those in the server's log; nothing about families stands in it."""

from __future__ import annotations

import logging
from pathlib import Path

_MOST_BYTES = 1_000_000
_KEPT_FILES = 3


def begin_log(folder: Path) -> None:
    """Write what the program logs to `logs/itutoros.log` in this folder from now on, three files of it at most."""
    from logging.handlers import RotatingFileHandler

    try:
        (folder / "logs").mkdir(exist_ok=True)
    except OSError:
        return  # a program that cannot write its log still works
    handler = RotatingFileHandler(
        folder / "logs" / "itutoros.log",
        maxBytes=_MOST_BYTES,
        backupCount=_KEPT_FILES - 1,
        encoding="utf-8",
        delay=True,
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log = logging.getLogger("desktop")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
