"""What a center's home page shows, read from the center's own rows in a few queries and put into words.

Nothing here is written for the website alone: hours, prices, tutors and subjects are those of the front desk.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote_plus

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.models import User
from shared_models.catalog.models import (
    Level,
    Product,
    ProductType,
    Service,
    ServiceFormat,
    ServiceOffered,
    Subject,
    Topic,
    TopicOffered,
)
from shared_models.organization.brand import logo_bytes, parse_color
from shared_models.organization.countries import currency_sign
from shared_models.organization.files import StoredFile
from shared_models.organization.models import Closure, Location, OpeningHours, Organization
from shared_models.people.contact import format_phone
from shared_models.people.models import Tutor, TutorSubject
from shared_models.schedule.times import zone_of
from sync_server.website.hours import (
    ClosedDays,
    OfficeHours,
    OpenLine,
    Span,
    Week,
    closures_from,
    days_words,
    folded_week,
    listed,
    open_line,
)
from sync_server.website.palette import Palette, palette_for
from sync_server.website.picture import mark_for, scene_for

_CLOSURES_SHOWN = 4
_PRODUCTS_SHOWN = 6
_NUMBERS = (
    "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
)  # fmt: skip
_LEVELS = ((Level.ELEMENTARY, "Elementary"), (Level.MIDDLE, "Middle"), (Level.HIGH, "High school"))
_GRADES = {Level.ELEMENTARY: ("K", "5"), Level.MIDDLE: ("6", "8"), Level.HIGH: ("9", "12")}
_FORMATS = (
    (ServiceFormat.PRIVATE, "Private lesson", "private"),
    (ServiceFormat.SEMI_PRIVATE, "Semi-private", "semi-private"),
    (ServiceFormat.GROUP, "Class", "class"),
)
_ASSESSMENT = "ASSESSMENT"

PriceKey = tuple[ServiceFormat, Level]


@dataclass(frozen=True)
class OfficeContent:
    """One location: its short name, address in one line, folded hours, and where the map shows it."""

    name: str
    address: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str
    phone: str
    is_virtual: bool
    week: Mapping[int, Span]
    hours: tuple[tuple[str, str], ...]
    map_url: str


@dataclass(frozen=True)
class SubjectContent:
    """A subject with the topics that are taught, in short words."""

    id: str
    name: str
    topics: tuple[str, ...]


@dataclass(frozen=True)
class TutorContent:
    """A tutor's name, what the tutor teaches, and the hash of a photo that can be shown."""

    name: str
    teaches: tuple[str, ...]
    photo: str = ""


@dataclass(frozen=True)
class PriceRow:
    """One format of lesson with its hourly prices in words, one per level; an empty text where not offered."""

    lesson: str
    explanation: str
    prices: tuple[str, ...]


@dataclass(frozen=True)
class PriceTable:
    """The prices of the offices that share them; ``offices`` is empty when all do."""

    offices: tuple[str, ...]
    levels: tuple[str, ...]
    rows: tuple[PriceRow, ...]
    remark: str


@dataclass(frozen=True)
class ClosureContent:
    """A coming closure in words, and its days."""

    days: str
    reason: str
    closed: ClosedDays


@dataclass(frozen=True)
class SiteContent:
    """Everything the home page shows. All texts are plain: whoever renders them escapes them."""

    organization_id: str
    slug: str
    name: str
    headline: str
    lead: str
    about: tuple[str, ...]
    phone: str
    email: str
    country: str
    place: str
    offices_title: str
    facts: tuple[tuple[str, str], ...]
    offices: tuple[OfficeContent, ...]
    subjects: tuple[SubjectContent, ...]
    subject_choices: tuple[SubjectContent, ...]
    products: tuple[str, ...]
    tutors: tuple[TutorContent, ...]
    price_tables: tuple[PriceTable, ...]
    assessment_price: str
    closures: tuple[ClosureContent, ...]
    open_line: OpenLine
    palette: Palette
    logo: str
    icon: str
    scene: str

    @property
    def phone_link(self) -> str:
        """The phone number as a ``tel:`` link wants it."""
        return dialled(self.phone)


@dataclass(frozen=True)
class _Offer:
    location_id: str
    code: str
    format: ServiceFormat
    level: Level | None
    price_cents: int
    capacity: int


@dataclass(frozen=True)
class _Taught:
    name: str
    photo: str
    lessons: list[tuple[str, str | None]]


def money_words(cents: int, currency: str) -> str:
    """``$80``, ``$62.50``, or ``CHF 80``: cents only where there are some."""
    amount = f"{cents // 100:,}" if cents % 100 == 0 else f"{cents / 100:,.2f}"
    return f"{currency_sign(currency)}{amount}"


def dialled(phone: str) -> str:
    """A number as a ``tel:`` link wants it: digits, with a leading plus when there is one."""
    plus = "+" if phone.strip().startswith("+") else ""
    return plus + re.sub(r"[^0-9]", "", phone.partition(" ext")[0])


def short_topic(name: str) -> str:
    """A topic without the explanation in parentheses: ``Reading (phonics, fluency)`` is ``Reading``."""
    return re.sub(r"\s*\(.*\)\s*$", "", name) or name


def load_site_content(session: Session, organization_id: str, now: datetime, slug: str | None = None) -> SiteContent:
    """The home page of one organization as it is at ``now`` (UTC), in ten queries at most.

    ``slug`` is the address it is visited under, by default the organization's own. Raises LookupError when there
    is no such organization.
    """
    organization = session.get(Organization, (organization_id, organization_id))
    if organization is None or organization.archived_at is not None:
        raise LookupError(f"no organization {organization_id}")
    slug = slug or organization.website_slug
    today = now.astimezone(zone_of(organization.time_zone)).date()

    locations = _locations(session, organization_id)
    weeks = _weeks(session, organization_id)
    closures = _closures(session, organization_id)
    offers = _offers(session, organization_id)
    taught = _taught(session, organization_id)
    subjects = _subjects(session, organization_id, taught)
    choices = subjects or _all_subjects(session, organization_id)

    short_names = _short_names(locations)
    offices = tuple(_office(one, short_names[one.id], weeks.get(one.id, {})) for one in locations)
    office_hours = [
        OfficeHours(short_names[one.id], weeks[one.id], [*closures.get(None, ()), *closures.get(one.id, ())])
        for one in locations
        if one.id in weeks
    ]
    place = listed(list(dict.fromkeys(one.city for one in locations if one.city and not one.is_virtual)))
    is_online_only = all(one.is_virtual for one in locations)
    palette = palette_for(slug, parse_color(organization.brand_color) or "")
    mark = mark_for(organization.business_name, slug, palette, logo_bytes(organization.logo_png))
    return SiteContent(
        organization_id=organization_id,
        slug=slug,
        name=organization.business_name,
        headline=organization.headline or _headline(place, is_online_only),
        lead=_lead(offers, place, is_online_only),
        about=tuple(part.strip() for part in re.split(r"\n\s*\n", organization.about) if part.strip()),
        phone=format_phone(organization.phone, organization.country),
        email=organization.email,
        country=organization.country,
        place=place,
        offices_title=_offices_title(locations),
        facts=_facts(len(taught), locations, offers, organization.currency),
        offices=offices,
        subjects=subjects,
        subject_choices=choices,
        products=_products(session, organization_id),
        tutors=tuple(
            TutorContent(one.name, tuple(short_topic(topic or subject) for subject, topic in one.lessons), one.photo)
            for one in taught
        ),
        price_tables=_price_tables(offers, locations, short_names, organization.currency),
        assessment_price=_assessment_price(offers, organization.currency),
        closures=tuple(
            ClosureContent(days_words(one.first_day, one.last_day, today), one.reason, one)
            for one in closures_from(closures.get(None, ()), today, _CLOSURES_SHOWN)
        ),
        open_line=open_line(office_hours, now, zone_of(organization.time_zone)),
        palette=palette,
        logo=mark.element,
        icon=mark.icon,
        scene=scene_for(slug, palette),
    )


def _locations(session: Session, organization_id: str) -> Sequence[Location]:
    return session.scalars(
        select(Location)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
    ).all()


def _weeks(session: Session, organization_id: str) -> dict[str, dict[int, Span]]:
    rows = session.execute(
        select(OpeningHours.location_id, OpeningHours.weekday, OpeningHours.opens, OpeningHours.closes)
        .where(OpeningHours.organization_id == organization_id, OpeningHours.archived_at.is_(None))
        .order_by(OpeningHours.weekday)
    )
    weeks: dict[str, dict[int, Span]] = {}
    for location_id, weekday, opens, closes in rows:
        weeks.setdefault(location_id, {})[weekday] = (opens, closes)
    return weeks


def _closures(session: Session, organization_id: str) -> dict[str | None, list[ClosedDays]]:
    rows = session.execute(
        select(Closure.location_id, Closure.first_day, Closure.last_day, Closure.reason).where(
            Closure.organization_id == organization_id, Closure.archived_at.is_(None)
        )
    )
    closures: dict[str | None, list[ClosedDays]] = {}
    for location_id, first_day, last_day, reason in rows:
        closures.setdefault(location_id, []).append(ClosedDays(first_day, last_day, reason))
    return closures


def _offers(session: Session, organization_id: str) -> list[_Offer]:
    rows = session.execute(
        select(
            ServiceOffered.location_id,
            Service.code,
            Service.format,
            Service.level,
            ServiceOffered.hourly_price_cents,
            Service.default_capacity,
        )
        .join(
            Service,
            (Service.organization_id == ServiceOffered.organization_id) & (Service.id == ServiceOffered.service_id),
        )
        .where(
            ServiceOffered.organization_id == organization_id,
            ServiceOffered.archived_at.is_(None),
            ServiceOffered.is_active,
            Service.archived_at.is_(None),
        )
        .order_by(Service.position, Service.name)
    )
    return [_Offer(*row) for row in rows]


def _taught(session: Session, organization_id: str) -> list[_Taught]:
    """Active tutors by priority, each with (subject, topic) names in the order of the catalog."""
    rows = session.execute(
        select(Tutor.id, User.first_name, User.last_name, Subject.name, Topic.name, StoredFile.sha256)
        .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .outerjoin(
            TutorSubject,
            (TutorSubject.organization_id == Tutor.organization_id)
            & (TutorSubject.tutor_id == Tutor.id)
            & TutorSubject.archived_at.is_(None),
        )
        .outerjoin(
            Subject,
            (Subject.organization_id == TutorSubject.organization_id) & (Subject.id == TutorSubject.subject_id),
        )
        .outerjoin(
            Topic,
            (Topic.organization_id == TutorSubject.organization_id) & (Topic.id == TutorSubject.topic_id),
        )
        .outerjoin(
            StoredFile,
            (StoredFile.organization_id == Tutor.organization_id)
            & (StoredFile.sha256 == Tutor.photo_hash)
            & StoredFile.stored_at.is_not(None)
            & StoredFile.archived_at.is_(None),
        )
        .where(
            Tutor.organization_id == organization_id,
            Tutor.archived_at.is_(None),
            Tutor.is_active,
            User.archived_at.is_(None),
        )
        .order_by(
            Tutor.priority, User.last_name, User.first_name, Tutor.id, Subject.position, Topic.position, Topic.name
        )
    )
    tutors: dict[str, _Taught] = {}
    for tutor_id, first_name, last_name, subject, topic, photo in rows:
        tutor = tutors.setdefault(tutor_id, _Taught(f"{first_name} {last_name}".strip(), photo or "", []))
        if subject is not None:
            tutor.lessons.append((subject, topic))
    return list(tutors.values())


def _subjects(session: Session, organization_id: str, taught: Iterable[_Taught]) -> tuple[SubjectContent, ...]:
    """The subjects and topics that locations offer; where nobody has chosen any, those that the tutors teach."""
    rows = session.execute(
        select(Subject.id, Subject.name, Topic.name, TopicOffered.id)
        .join(Topic, (Topic.organization_id == Subject.organization_id) & (Topic.subject_id == Subject.id))
        .outerjoin(
            TopicOffered,
            (TopicOffered.organization_id == Topic.organization_id)
            & (TopicOffered.topic_id == Topic.id)
            & TopicOffered.archived_at.is_(None),
        )
        .where(
            Subject.organization_id == organization_id,
            Subject.archived_at.is_(None),
            Topic.archived_at.is_(None),
        )
        .order_by(Subject.position, Subject.name, Topic.position, Topic.name)
    ).all()
    chosen = any(offered is not None for *_, offered in rows)
    lessons = {lesson for one in taught for lesson in one.lessons}
    whole_subjects = {subject for subject, topic in lessons if topic is None}
    found: dict[str, tuple[str, list[str]]] = {}
    for subject_id, subject, topic, offered in rows:
        is_shown = offered is not None if chosen else (subject, topic) in lessons
        if is_shown or (not chosen and subject in whole_subjects):
            topics = found.setdefault(subject_id, (subject, []))[1]
            if is_shown and short_topic(topic) not in topics:
                topics.append(short_topic(topic))
    return tuple(SubjectContent(key, name, tuple(topics)) for key, (name, topics) in found.items())


def _all_subjects(session: Session, organization_id: str) -> tuple[SubjectContent, ...]:
    rows = session.execute(
        select(Subject.id, Subject.name)
        .where(Subject.organization_id == organization_id, Subject.archived_at.is_(None))
        .order_by(Subject.position, Subject.name)
    )
    return tuple(SubjectContent(subject_id, name, ()) for subject_id, name in rows)


def _products(session: Session, organization_id: str) -> tuple[str, ...]:
    names = session.scalars(
        select(Product.name)
        .where(
            Product.organization_id == organization_id,
            Product.archived_at.is_(None),
            Product.type == ProductType.CLASS,
        )
        .order_by(Product.name)
        .limit(_PRODUCTS_SHOWN)
    )
    return tuple(dict.fromkeys(names))


def _short_names(locations: Sequence[Location]) -> dict[str, str]:
    """ "Irvington Office" in Irvington is called Irvington, unless two locations would then share a name."""
    short = {
        one.id: one.city if one.city and one.name.casefold() == f"{one.city} office".casefold() else one.name
        for one in locations
    }
    return short if len(set(short.values())) == len(short) else {one.id: one.name for one in locations}


def _office(location: Location, short_name: str, week: Week) -> OfficeContent:
    town = " ".join(part for part in (location.state, location.postal_code) if part)
    address = ", ".join(part for part in (location.address, location.city, town) if part)
    map_url = f"https://www.google.com/maps/search/?api=1&query={quote_plus(address)}" if address else ""
    return OfficeContent(
        name=short_name,
        address=address,
        street=location.address,
        city=location.city,
        state=location.state,
        postal_code=location.postal_code,
        country=location.country,
        phone=format_phone(location.phone, location.country),
        is_virtual=location.is_virtual,
        week=week,
        hours=folded_week(week) if week else (),
        map_url=map_url if location.address and not location.is_virtual else "",
    )


def _offices_title(locations: Sequence[Location]) -> str:
    are_offices = all("office" in one.name.casefold() for one in locations)
    if len(locations) == 1:
        return "Where we are" if not locations[0].is_virtual else "When we are there"
    return f"{_number(len(locations))} {'offices' if are_offices else 'locations'}"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _headline(place: str, is_online_only: bool) -> str:
    """What stands in the hero until the center has written its own headline."""
    if place:
        return f"Tutoring in {place}."
    return "Tutoring, wherever you are." if is_online_only else "Tutoring that begins with your child."


def _lead(offers: Sequence[_Offer], place: str, is_online_only: bool) -> str:
    """One sentence on what is offered, where, and for whom."""
    formats = {offer.format for offer in offers}
    kinds = []
    if ServiceFormat.PRIVATE in formats:
        kinds.append("private lessons")
    if ServiceFormat.SEMI_PRIVATE in formats or ServiceFormat.GROUP in formats:
        kinds.append("small groups")
    if any(offer.level == Level.TEST_PREP for offer in offers):
        kinds.append("test prep")
    if ServiceFormat.CAMP in formats:
        kinds.append("camps")
    kinds = kinds or ["tutoring"]
    where = f" in {place}" if place else " online" if is_online_only else ""
    levels = [grades for level, grades in _GRADES.items() if any(offer.level == level for offer in offers)]
    ages = f", for grades {levels[0][0]} to {levels[-1][1]}" if levels else ""
    words = listed(kinds)
    return f"{words[0].upper()}{words[1:]}{where}{ages}."


def _facts(
    tutor_count: int, locations: Sequence[Location], offers: Sequence[_Offer], currency: str
) -> tuple[tuple[str, str], ...]:
    facts = []
    if tutor_count > 1:
        facts.append((str(tutor_count), "tutors"))
    if len(locations) > 1:
        are_offices = all("office" in one.name.casefold() for one in locations)
        facts.append((str(len(locations)), "offices" if are_offices else "locations"))
    for service_format, words in (
        (ServiceFormat.GROUP, "an hour in a class"),
        (ServiceFormat.SEMI_PRIVATE, "an hour, shared"),
        (ServiceFormat.PRIVATE, "an hour of private lessons"),
    ):
        prices = [
            offer.price_cents
            for offer in offers
            if offer.format == service_format and offer.level is not None and offer.price_cents
        ]
        if prices:
            facts.append((f"from {money_words(min(prices), currency)}", words))
            break
    return tuple(facts)


def _price_tables(
    offers: Sequence[_Offer], locations: Sequence[Location], short_names: Mapping[str, str], currency: str
) -> tuple[PriceTable, ...]:
    """One table when all offices ask the same, otherwise one for each group of offices that do."""
    by_prices: dict[frozenset[tuple[PriceKey, tuple[int, int]]], list[str]] = {}
    for location in locations:
        prices: dict[PriceKey, tuple[int, int]] = {}
        for offer in offers:
            if offer.location_id == location.id and offer.level is not None and offer.price_cents:
                prices.setdefault((offer.format, offer.level), (offer.price_cents, offer.capacity))
        if prices:
            by_prices.setdefault(frozenset(prices.items()), []).append(short_names[location.id])
    tables = [
        _price_table(dict(prices), () if len(by_prices) == 1 else tuple(names), currency)
        for prices, names in by_prices.items()
    ]
    return tuple(table for table in tables if table.rows)


def _price_table(prices: Mapping[PriceKey, tuple[int, int]], offices: tuple[str, ...], currency: str) -> PriceTable:
    levels = [(level, words) for level, words in _LEVELS if any(key[1] == level for key in prices)]
    rows = []
    test_prep = []
    for service_format, lesson, short in _FORMATS:
        offered = [prices.get((service_format, level)) for level, _ in levels]
        if any(offered):
            capacity = max(found[1] for found in offered if found)
            cells = tuple(money_words(found[0], currency) if found else "" for found in offered)
            rows.append(PriceRow(lesson, _explanation(service_format, capacity), cells))
        if found := prices.get((service_format, Level.TEST_PREP)):
            test_prep.append(f"{short} {money_words(found[0], currency)}")
    remark = f"Test prep: {', '.join(test_prep)}." if test_prep else ""
    return PriceTable(offices, tuple(words for _, words in levels), tuple(rows), remark)


def _explanation(service_format: ServiceFormat, capacity: int) -> str:
    if service_format == ServiceFormat.PRIVATE:
        return "one student, one tutor"
    if service_format == ServiceFormat.SEMI_PRIVATE and capacity <= 3:
        return "two or three students" if capacity == 3 else "two students"
    return f"up to {_number(capacity).lower()} students"


def _assessment_price(offers: Sequence[_Offer], currency: str) -> str:
    prices = [offer.price_cents for offer in offers if offer.code == _ASSESSMENT]
    if not prices:
        return ""
    return f"{money_words(min(prices), currency)} an hour" if min(prices) else "free"
