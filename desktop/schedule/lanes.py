"""Packs overlapping spans of one column into lanes, as a seating plan: who sits beside whom, and how wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush


@dataclass(frozen=True, slots=True)
class Seat:
    """The place of one span: its lane, how many lanes its cluster has, and how many it may fill."""

    lane: int
    lanes: int
    width: int


def seats(spans: Sequence[tuple[int, int, str]]) -> list[Seat]:
    """Seat for each (start, end, id), in the given order; ends are exclusive and after their starts.

    Spans that touch through a chain of overlaps form a cluster and share its width; each takes the first
    free lane, the longer first where two start together, and then grows right over lanes that stay free.
    The id decides between equals, so that the same day always looks the same.
    """
    order = sorted(range(len(spans)), key=lambda i: (spans[i][0], -spans[i][1], spans[i][2]))
    result: list[Seat] = [Seat(0, 1, 1)] * len(spans)
    cluster: list[int] = []
    cluster_end = 0
    for index in order:
        start, end, _ = spans[index]
        if cluster and start >= cluster_end:
            _seat_cluster(spans, cluster, result)
            cluster = []
            cluster_end = 0
        cluster.append(index)
        cluster_end = max(cluster_end, end)
    if cluster:
        _seat_cluster(spans, cluster, result)
    return result


def _seat_cluster(spans: Sequence[tuple[int, int, str]], cluster: list[int], result: list[Seat]) -> None:
    # Starts come in order: whoever has ended by then leaves a lane free, and the first free one is taken.
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    lane_of: list[int] = []
    members: list[list[tuple[int, int]]] = []
    for index in cluster:
        start, end, _ = spans[index]
        while busy and busy[0][0] <= start:
            heappush(free, heappop(busy)[1])
        if free:
            lane = heappop(free)
        else:
            lane = len(members)
            members.append([])
        heappush(busy, (end, lane))
        lane_of.append(lane)
        members[lane].append((start, end))
    count = len(members)
    for index, lane in zip(cluster, lane_of, strict=True):
        start, end, _ = spans[index]
        beside = lane + 1
        while beside < count and _is_free(members[beside], start, end):
            beside += 1
        result[index] = Seat(lane, count, beside - lane)


def _is_free(lane: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether nobody sits in a lane between start and end; those who sit there come one after the other."""
    for first, last in lane:
        if last > start:
            return first >= end
    return True


def peak(spans: Sequence[tuple[int, int, str]]) -> int:
    """How many lanes the busiest cluster needs; 0 when there is none."""
    return max((seat.lanes for seat in seats(spans)), default=0)
