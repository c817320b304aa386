"""Colors by tutor and status, and saved views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.schedule.calendar_values import Family
from desktop.schedule.coloring import STATUS_PALETTES, ColorBy, Coloring, legend_of, tutor_palettes
from desktop.schedule.saved_views import SavedView, SavedViews
from desktop.schedule.week import Filters
from desktop.store.store import Store
from shared_models.base import new_id
from shared_models.schedule.models import EntryStatus


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path, use_keyring=False)
    made.set_local(organization_id=new_id())
    yield made
    made.close()


def test_a_new_tutor_changes_nobodys_color() -> None:
    names = {f"tutor {number:02}": f"First{number} Last{number}" for number in range(10)}
    before = tutor_palettes(names)
    after = tutor_palettes({**names, "tutor 99": "New Tutor"})
    assert {key: after[key] for key in names} == before
    assert after["tutor 99"][1] == "NT"


def test_tutors_of_one_place_share_a_color_only_when_there_are_more_than_colors() -> None:
    names = {f"tutor {number:02}": "A B" for number in range(16)}
    places = {key: ("north",) if number % 2 else ("south",) for number, key in enumerate(names)}
    palettes = tutor_palettes(names, places)
    for place in ("north", "south"):
        assert len({palettes[key][0] for key in names if places[key] == (place,)}) == len(Family)


def test_initials_stay_on_an_entry_however_little_room_it_has() -> None:
    coloring = Coloring(ColorBy.TUTOR, {"t": (Family.CAMP, "JJ")})
    assert coloring.title(("Chemistry", "Chem."), "t") == ("JJ · Chemistry", "JJ · Chem.", "JJ")
    assert coloring.palette(Family.PRIVATE, "t", EntryStatus.SCHEDULED) is Family.CAMP
    assert coloring.palette(Family.PRIVATE, None, EntryStatus.SCHEDULED) is Family.FREE


def test_every_status_has_a_color_of_its_own() -> None:
    assert set(STATUS_PALETTES) == set(EntryStatus)
    assert len({palette for palette, _ in STATUS_PALETTES.values()}) == len(EntryStatus)


def test_the_legend_names_the_tutors_on_screen_the_busiest_first() -> None:
    coloring = Coloring(ColorBy.TUTOR, {"a": (Family.CAMP, "AB"), "b": (Family.FREE, "CD"), "c": (Family.CLASS, "E")})
    names = {"a": "Ann Bell", "b": "Carl Dow", "c": "Eve"}
    assert legend_of(coloring, ["a", "b", "b", None], names) == [(Family.FREE, "CD Dow"), (Family.CAMP, "AB Bell")]
    assert legend_of(Coloring(), ["a"], names) == []


def test_views_are_kept_replaced_and_forgotten(store: Store) -> None:
    views = SavedViews(store)
    mine = SavedView("Rooms", "day", Filters(location_id="L", status="CANCELLED"), ColorBy.STATUS, by_room=True)
    views.save(mine)
    views.save(SavedView("All", "month", Filters(only_conflicts=True)))
    assert SavedViews(store).all() == [SavedView("All", "month", Filters(only_conflicts=True)), mine]
    views.save(SavedView("rooms", "week", Filters()))
    assert [view.name for view in views.all()] == ["All", "rooms"]
    views.remove("All")
    assert [view.name for view in views.all()] == ["rooms"]


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "nonsense",
        "{}",
        '[1, {"name": "x"}]',
        '[{"name": "x", "view": "day", "filters": {}, "color_by": "smell"}]',
    ],
)
def test_what_cannot_be_read_is_left_out(store: Store, stored: str) -> None:
    store.set_local(calendar_saved_views=stored)
    assert SavedViews(store).all() == []
