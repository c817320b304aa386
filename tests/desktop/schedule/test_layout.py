"""Where boxes, columns, closures and lines go, to the pixel."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Later, Line, NowMark, Status
from desktop.schedule.layout import CalendarLayout, HitKind, Rect, lay_out, needed_size, packing_of, share
from tests.desktop.schedule.scenes import METRICS, column, day, entry, measure, week

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
ENTRIES = st.lists(
    st.tuples(st.sampled_from(DAYS), st.integers(30, 85), st.integers(1, 8)).map(
        lambda t: (t[0], t[1] * 15, (t[1] + t[2]) * 15)
    ),
    max_size=60,
).map(lambda rows: [entry(f"e{number}", *row) for number, row in enumerate(rows)])


def plan_week(entries: list[CalendarEntry], width: float = 1316, height: float = 671) -> CalendarLayout:
    return lay_out(week([column(name) for name in DAYS], entries), width, height, METRICS, measure)


def overlap(first: Rect, second: Rect) -> bool:
    return first.x < second.right and second.x < first.right and first.y < second.bottom and second.y < first.bottom


@given(ENTRIES, st.integers(360, 1900), st.integers(200, 1100))
def test_boxes_never_overlap_and_lie_inside_their_column(
    entries: list[CalendarEntry], width: int, height: int
) -> None:
    plan = plan_week(entries, width, height)
    assert len(plan.boxes) == len(entries)
    for box in plan.boxes:
        home = plan.column(box.entry.column)
        assert home is not None
        assert home.x < box.rect.x and box.rect.right <= home.x + home.w
        assert box.rect.y >= 0 and box.rect.bottom <= plan.height
        assert box.rect.w >= 1 and box.rect.h >= 16
    for first, second in combinations(plan.boxes, 2):
        assert not overlap(first.rect, second.rect)


@given(ENTRIES)
def test_the_same_entries_in_another_order_look_the_same(entries: list[CalendarEntry]) -> None:
    turned = list(reversed(entries))
    places = {box.entry.id: box.rect for box in plan_week(entries).boxes}
    assert {box.entry.id: box.rect for box in plan_week(turned).boxes} == places


@given(ENTRIES, st.lists(st.integers(200, 1100), min_size=1, max_size=4), st.integers(360, 1900))
def test_seats_made_before_give_the_same_plan_at_every_height(
    entries: list[CalendarEntry], heights: list[int], width: int
) -> None:
    scene = week([column(name) for name in DAYS], entries)
    packing = packing_of(scene, METRICS)
    for height in heights:
        plan = lay_out(scene, width, height, METRICS, measure)
        assert needed_size(packing, width, height, METRICS, measure) == (plan.width, plan.height)
        again = lay_out(scene, width, height, METRICS, measure, packing)
        assert [(box.entry.id, box.rect) for box in again.boxes] == [(box.entry.id, box.rect) for box in plan.boxes]
        assert (again.columns, again.hour_lines, again.height) == (plan.columns, plan.hour_lines, plan.height)
        assert plan.height == max([plan.axis.height, *(box.rect.bottom + 1 for box in plan.boxes)])


@given(ENTRIES)
def test_words_stay_inside_their_box(entries: list[CalendarEntry]) -> None:
    for box in plan_week(entries).boxes:
        for line in box.lines:
            assert line.x + measure(line.text, line.role) <= box.rect.w
            assert line.y + 12 <= box.rect.h


def test_a_lane_is_as_wide_on_every_day_of_the_week() -> None:
    entries = [entry(f"mon{i}", "Mon", 960, 1020) for i in range(6)]
    entries += [entry(f"wed{i}", "Wed", 960, 1020) for i in range(3)]
    plan = plan_week(entries)
    widths = {box.entry.id: box.rect.w for box in plan.boxes}
    assert abs(widths["mon0"] - widths["wed0"]) <= 1


def test_the_columns_fill_the_width() -> None:
    plan = plan_week([entry("a", "Tue", 960, 1020)])
    assert plan.width == 1316
    assert plan.columns[0].x == METRICS.gutter


def test_when_lanes_would_become_too_narrow_the_plan_is_wider_than_the_view() -> None:
    plan = plan_week([entry(f"e{i}", name, 960, 1020) for name in DAYS for i in range(12)])
    assert plan.width > 1316
    assert min(box.rect.w for box in plan.boxes) >= METRICS.least_lane - 3


def test_closed_days_fold_and_share_one_pill() -> None:
    closed = {"Thu": "Thanksgiving", "Fri": "Thanksgiving"}
    columns = [column(name, long_name=f"{name}day", closed_reason=closed.get(name)) for name in DAYS]
    plan = lay_out(week(columns), 1316, 671, METRICS, measure)
    folded = [box for box in plan.columns if box.is_folded]
    assert [box.column.key for box in folded] == ["Thu", "Fri"]
    assert {box.w for box in folded} == {METRICS.folded_column}
    assert [group.words for group in plan.closed] == ["Closed for Thanksgiving, Thuday and Friday"]


def test_a_closed_day_on_which_something_is_booked_is_not_folded() -> None:
    columns = [column("Mon"), column("Tue", closed_reason="Snow")]
    plan = lay_out(week(columns, [entry("a", "Tue", 960, 1020)]), 900, 600, METRICS, measure)
    assert not plan.columns[1].is_folded
    assert [group.words for group in plan.closed] == [""]


def test_a_week_that_is_closed_throughout_fills_the_width() -> None:
    columns = [column(name, closed_reason="Winter break") for name in DAYS]
    plan = lay_out(week(columns), 1316, 671, METRICS, measure)
    assert plan.width == 1316
    assert len(plan.closed) == 1


def test_time_outside_the_opening_hours_is_shaded() -> None:
    columns = [column("Mon", opens=960, closes=1200), column("Tue")]
    plan = lay_out(week(columns), 900, 700, METRICS, measure)
    monday = [shade for shade in plan.shades if shade.x == plan.columns[0].x]
    assert [(shade.y, shade.h) for shade in monday] == [(0, 200), (600, 100)]


def test_the_hatch_covers_exactly_the_minutes_that_overlap() -> None:
    plan = lay_out(
        week([column("Mon")], [entry("a", "Mon", 960, 1020, overlaps=((990, 1005), (1000, 1020)))]),
        900, 700, METRICS, measure,
    )  # fmt: skip
    (box,) = plan.boxes
    assert box.rect.y == 201
    assert box.hatches == ((49.0, 49.0),)


def test_a_cancelled_entry_shows_no_hatch_and_no_badge() -> None:
    cancelled = entry(
        "a", "Mon", 960, 1020, status=Status.CANCELLED, conflict=ConflictMark.OVERLAP, overlaps=((960, 990),)
    )
    plan = lay_out(week([column("Mon")], [cancelled]), 900, 700, METRICS, measure)
    assert (plan.boxes[0].hatches, plan.boxes[0].badge) == ((), None)


def test_a_buffer_that_is_hit_hangs_below_its_box() -> None:
    plan = lay_out(
        week([column("Mon")], [entry("a", "Mon", 960, 1020, tail_is_hit=True, conflict=ConflictMark.BUFFER)]),
        900, 700, METRICS, measure,
    )  # fmt: skip
    (box,) = plan.boxes
    assert box.tail is not None
    assert (box.tail.y, box.tail.bottom) == (box.rect.bottom, 324)


def test_the_now_line_lies_in_todays_column_or_in_all_of_them() -> None:
    in_week = lay_out(
        week([column("Mon"), column("Tue")], now=NowMark(990, "Tue", "4:30")), 900, 700, METRICS, measure
    )
    in_day = lay_out(day([column("A"), column("B")], now=NowMark(990, None, "4:30")), 900, 700, METRICS, measure)
    assert in_week.now is not None and in_day.now is not None
    assert in_week.now.x == in_week.columns[1].x
    assert (in_day.now.x, in_day.now.w) == (METRICS.gutter, 900 - METRICS.gutter)


def test_now_outside_the_hours_shown_has_no_line() -> None:
    plan = lay_out(week([column("Mon")], now=NowMark(300, "Mon", "5:00")), 900, 700, METRICS, measure)
    assert plan.now is None


def test_hit_test_tells_entry_edges_and_empty_slots() -> None:
    plan = lay_out(week([column("Mon"), column("Tue")], [entry("a", "Tue", 960, 1020)]), 900, 700, METRICS, measure)
    rect = plan.boxes[0].rect
    x = rect.x + 10
    assert plan.hit_test(x, rect.y + rect.h / 2).kind is HitKind.ENTRY
    assert plan.hit_test(x, rect.y + 1).kind is HitKind.UPPER_EDGE
    assert plan.hit_test(x, rect.bottom - 1).kind is HitKind.LOWER_EDGE
    slot = plan.hit_test(60, 433)
    assert (slot.kind, slot.column, slot.minute) == (HitKind.SLOT, "Mon", 1095)
    assert plan.hit_test(10, 100).kind is HitKind.NOTHING
    assert plan.hit_test(100, -1).kind is HitKind.NOTHING


@given(
    st.lists(st.tuples(st.floats(0.5, 9), st.floats(10, 200)), min_size=1, max_size=8),
    st.floats(0, 30),
    st.floats(50, 3000),
)
def test_shared_widths_fill_the_room_unless_their_least_widths_need_more(
    pairs: list[tuple[float, float]], padding: float, room: float
) -> None:
    weights, least = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    widths = share(weights, least, padding, room)
    assert all(width >= low - 1e-6 for width, low in zip(widths, least, strict=True))
    assert sum(widths) <= max(room, sum(least)) + 1e-6
    assert sum(widths) >= room - 1e-6 or widths == least


def test_only_the_boxes_in_an_area_are_found() -> None:
    columns = [column("Mon"), column("Tue")]
    plan = lay_out(
        week(columns, [entry("a", "Mon", 900, 960), entry("b", "Tue", 900, 960), entry("c", "Tue", 1200, 1260)]),
        900, 600, METRICS, measure,
    )  # fmt: skip
    tuesday = plan.box("b")
    assert tuesday is not None
    assert [box.entry.id for box in plan.boxes_in(tuesday.rect)] == ["b"]
    assert [box.entry.id for box in plan.boxes_in(Rect(0, 0, plan.width, plan.height))] == ["a", "b", "c"]
    assert [box.entry.id for box in plan.boxes_of("Tue")] == ["b", "c"]


def test_words_are_fitted_when_somebody_looks() -> None:
    made: list[str] = []

    def lines() -> tuple[Line, ...]:
        made.append("made")
        return (Line(("Andre Smith",)),)

    scene = week([column("Mon")], [entry("a", "Mon", 900, 960, lines=Later(lines))])
    plan = lay_out(scene, 900, 600, METRICS, measure)
    assert made == []
    assert [line.text for line in plan.boxes[0].lines] == ["Chemistry", "Andre Smith"]
    assert [line.text for line in plan.boxes[0].lines] == ["Chemistry", "Andre Smith"]
    assert made == ["made"]
