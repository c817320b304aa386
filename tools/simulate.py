"""`./dev simulate`: plays stories of the simulated world by the thousand, and tells of a failing one the shortest
part that still fails."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_MEMORY = Path("/dev/shm")
_STRETCH = 20
_MOST_SHOWN = 5
_STAGE: list[Any] = []


def main(argv: Sequence[str] | None = None) -> int:
    """Play the seeds asked for; returns 1 when a story ended badly."""
    arguments = _parser().parse_args(argv)
    if arguments.seed is not None:
        with _database() as (url, folder):
            return _one(url, folder, arguments.seed, arguments.keep)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    stretches = [seeds[start : start + _STRETCH] for start in range(0, len(seeds), _STRETCH)]
    failed: dict[int, str] = {}
    began, played = time.monotonic(), 0
    with (
        _database() as (url, folder),
        ProcessPoolExecutor(arguments.processes, initializer=_set_up, initargs=(url, folder)) as pool,
    ):
        waiting = [pool.submit(_play, stretch) for stretch in stretches]
        for done in as_completed(waiting):
            for seed, wrong in sorted(done.result().items()):
                failed[seed] = wrong
                print(f"\r  ./dev simulate --seed {seed}   {wrong.splitlines()[0]}")
            played += _STRETCH
            seconds = time.monotonic() - began
            rate = min(played, len(seeds)) / seconds
            print(f"\r{min(played, len(seeds))} of {len(seeds)} seeds, {rate:.1f} a second, {len(failed)} failed ",
                  end="", flush=True)  # fmt: skip
        print()
        for seed in sorted(failed)[:_MOST_SHOWN]:
            print(pool.submit(_shortest, seed, None).result())
    return 1 if failed else 0


def _one(url: str, folder: Path, seed: int, keep: str | None) -> int:
    _set_up(url, folder)
    numbers = [int(word) for word in keep.split(",") if word] if keep is not None else None
    wrong = _play([seed], numbers)
    if not wrong:
        print(f"seed {seed} ends well")
        return 0
    print(wrong[seed] if numbers is not None else _shortest(seed, wrong[seed]))
    return 1


def _set_up(url: str, folder: Path) -> None:
    """What a process needs before its first story."""
    import logging

    from tests.simulation.stage import Stage

    logging.disable(logging.CRITICAL)
    _STAGE.append(Stage(url, folder))


def _play(seeds: Sequence[int], keep: Sequence[int] | None = None) -> dict[int, str]:
    from tests.simulation.endings import play
    from tests.simulation.story import story_of

    failed = {}
    for seed in seeds:
        story = story_of(seed)
        wrong = play(story if keep is None else story.keeping(keep), _STAGE[0])
        if wrong is not None:
            failed[seed] = wrong
    return failed


def _shortest(seed: int, wrong: str | None) -> str:
    """The minimal story of a failing seed, with the line that plays it again."""
    from tests.simulation.endings import play
    from tests.simulation.shrink import shrunk
    from tests.simulation.story import story_of

    stage = _STAGE[0]
    story = shrunk(story_of(seed), lambda shorter: play(shorter, stage) is not None)
    again = play(story, stage) or wrong or "it ends well when played again"
    kept = ",".join(map(str, story.numbers))
    return f"\n./dev simulate --seed {seed} --keep {kept}\n{again}"


@contextmanager
def _database() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL of its own and a folder beside it, in memory where the machine lets it."""
    from sync_server.database import Database
    from sync_server.embedded import EmbeddedPostgres

    given = os.environ.get("ITUTOROS_SIMULATION_DATABASE", "")
    with tempfile.TemporaryDirectory(
        prefix="itutoros-simulate-", dir=_MEMORY if _MEMORY.is_dir() else None
    ) as folder:
        postgres = None if given else EmbeddedPostgres(Path(folder) / "data")
        url = postgres.owner_url if postgres is not None else given
        owner = Database(url)
        owner.migrate()
        owner.close()
        try:
            yield url, Path(folder)
        finally:
            if postgres is not None:
                postgres.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="how many stories (1000)")
    parser.add_argument("--from", type=int, default=0, metavar="M", dest="first", help="the first seed (0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="P", help="side by side")
    parser.add_argument("--seed", type=int, metavar="S", help="play this one again, and make it short if it fails")
    parser.add_argument("--keep", metavar="A,B,C", help="with --seed: only these of its steps")
    return parser


if __name__ == "__main__":
    sys.exit(main())
