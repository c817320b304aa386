"""The server takes as many open files as the system lets it have, whatever the usual limit is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.processes import wait_until
from tests.sync_server.operations.conftest import Hosted
from tests.sync_server.operations.machine import machine

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells another's limits")


@contextmanager
def usual_limit(soft: int) -> Iterator[None]:
    """What is started meanwhile may have so many files open, until it asks for more."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def has_hard_limit(process: psutil.Process) -> bool:
    soft, hard = process.rlimit(psutil.RLIMIT_NOFILE)
    return bool(soft == hard != 800)


@pytest.mark.parametrize("words", [(), ("--processes", "2")], ids=["one process", "two"])
def test_a_serving_process_has_the_hard_limit(hosted: Hosted, tmp_path: Path, words: tuple[str, ...]) -> None:
    with usual_limit(800), machine(hosted, tmp_path, *words) as running:
        serving = running.children() or [psutil.Process(running.process.pid)]
        assert len(serving) == max(1, len(words))
        # One answers while the other still starts.
        wait_until(lambda: all(has_hard_limit(one) for one in serving))
