"""The desk's log: every request with its id, and nothing about families."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.log import begin_log
from desktop.sync.client import SyncClient
from desktop.sync.errors import Unreachable


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    log = logging.getLogger("desktop")
    before, level = list(log.handlers), log.level
    yield log
    for handler in [each for each in log.handlers if each not in before]:
        log.removeHandler(handler)
        handler.close()
    log.setLevel(level)


def test_a_request_stands_in_the_log_with_its_id(tmp_path: Path, log: logging.Logger) -> None:
    """[S-21]"""
    begin_log(tmp_path)
    client = SyncClient("http://127.0.0.1:9")
    with pytest.raises(Unreachable):
        client.sign_in("maya@hudson.example", "front desk demo", "d", "PC")
    client.close()
    written = (tmp_path / "logs" / "itutoros.log").read_text("utf-8")
    assert "request " in written
    assert "POST /api/v1/sign-in did not arrive" in written
    assert "maya" not in written


def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path, log: logging.Logger) -> None:
    (tmp_path / "logs").write_text("a file where a folder should be")
    handlers = list(log.handlers)
    begin_log(tmp_path)
    assert log.handlers == handlers
