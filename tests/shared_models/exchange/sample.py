"""The sample center, and small files in the same words."""

from datetime import date
from pathlib import Path

from shared_models.exchange.cells import Surroundings

FOLDER = Path(__file__).parents[2] / "data" / "center"
NAMES = ("organization.json", "tutors.csv", "families.csv", "leads.csv", "calendar.ics")
IRVINGTON, TARRYTOWN = "Irvington Office", "Tarrytown Office"
AROUND = Surroundings(today=date(2026, 11, 25), location_names=(IRVINGTON, TARRYTOWN))


def sample(name: str) -> bytes:
    """One of the sample center's files."""
    return (FOLDER / name).read_bytes()


def families_csv(*lines: str, header: str = "Parent First,Parent Last,Email,Phone,Student First,Location") -> bytes:
    """A families file of a few columns."""
    return "\n".join([header, *lines]).encode()


def calendar(*events: str, zone: str = "America/New_York") -> bytes:
    """A calendar of events given as the lines between BEGIN and END, separated by line feeds."""
    blocks = [f"BEGIN:VEVENT\n{event}\nEND:VEVENT" for event in events]
    return "\n".join(["BEGIN:VCALENDAR", f"X-WR-TIMEZONE:{zone}", *blocks, "END:VCALENDAR", ""]).encode()
