"""Packs overlapping spans of one column into lanes, as a seating plan: who sits beside whom, and how wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
    lane_ends: list[int] = []
    lane_of: dict[int, int] = {}
    members: list[list[int]] = []
    for index in cluster:
        start, end, _ = spans[index]
        lane = next((number for number, taken in enumerate(lane_ends) if taken <= start), len(lane_ends))
        if lane == len(lane_ends):
            lane_ends.append(end)
            members.append([])
        lane_ends[lane] = end
        lane_of[index] = lane
        members[lane].append(index)
    count = len(lane_ends)
    for index in cluster:
        start, end, _ = spans[index]
        lane = lane_of[index]
        width = 1
        while lane + width < count and all(
            spans[other][1] <= start or end <= spans[other][0] for other in members[lane + width]
        ):
            width += 1
        result[index] = Seat(lane, count, width)


def peak(spans: Sequence[tuple[int, int, str]]) -> int:
    """How many lanes the busiest cluster needs; 0 when there is none."""
    return max((seat.lanes for seat in seats(spans)), default=0)
