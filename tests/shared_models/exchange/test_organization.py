"""organization.json: facts, hours, rooms, closures and prices; a bad part is left out, not the whole."""

from datetime import date, time

import pytest

from shared_models.exchange.organization import read_organization
from shared_models.exchange.problems import UnreadableFile
from tests.shared_models.exchange.sample import sample


def test_the_sample_center_with_two_offices() -> None:
    file = read_organization(sample("organization.json"))
    assert (file.business_name, file.phone, file.time_zone) == (
        "Hudson Learning Center", "+19145550100", "America/New_York"
    )  # fmt: skip
    irvington, tarrytown = file.locations
    assert (len(irvington.rooms), len(tarrytown.rooms), len(file.closures)) == (6, 5, 6)
    assert irvington.hours[0] == (0, time(14), time(21))
    assert irvington.hours[-1] == (5, time(9), time(15))
    assert tarrytown.hours[4] == (4, time(14), time(19))
    assert file.closures[1].last_day == date(2026, 11, 27)
    assert file.hourly_cents["PRIVATE_ELEMENTARY"] == 8000
    assert file.problems == ()


def test_bad_parts_are_reported_with_their_line_and_the_rest_is_kept() -> None:
    content = b"""{
 "business_name": "X", "time_zone": "Mars/Base", "default_buffer_minutes": -5,
 "locations": [{"name": "A", "hours": {"mon": "9-25", "tue": "17:00-9:00", "wed": "9:00-17:00"}},
  {"city": "nameless"}, 7],
 "closures": [{"from": "2026-02-30", "reason": "Never"}, {"from": "2026-03-02", "to": "2026-03-01"}],
 "hourly_prices_usd": {"PRIVATE_HIGH": "lots", "PRIVATE_MIDDLE": 79.5},
 "email": "nobody"
}"""
    file = read_organization(content)
    assert [problem.line for problem in file.problems] == [2, 2, 3, 3, 3, 5, 5, 6]
    assert file.locations[0].hours == ((2, time(9), time(17)),)
    assert file.hourly_cents == {"PRIVATE_MIDDLE": 7950}
    assert file.time_zone == ""
    assert file.email == "nobody"
    assert file.warnings[0].line == 7


@pytest.mark.parametrize("content", [b"{\n 'a': 1}", b"[1, 2]", b"null"])
def test_what_describes_no_organization_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read_organization(content)
