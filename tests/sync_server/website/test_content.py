"""What the home page knows of a center, whatever the center has entered so far."""

from __future__ import annotations

from sqlalchemy import event, select

from shared_models.base import derived_id
from shared_models.catalog.models import Product, ProductType, ServiceOffered, Topic, TopicOffered
from shared_models.people.models import Tutor
from sync_server.website.content import load_site_content, money_words, short_topic

from .conftest import HUDSON_TUTORS, WEDNESDAY_AFTERNOON, Center, Office


def content_of(database, center: Center):
    with database.tenant(center.organization_id, read_only=True) as session:
        return load_site_content(session, center.organization_id, WEDNESDAY_AFTERNOON)


def test_a_center_is_read_in_few_queries_however_large_it_is(make_center, database):
    center = make_center(
        tutors=[(f"{name} {number}", topics) for number in range(8) for name, topics in HUDSON_TUTORS]
    )
    asked: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def count(_connection, _cursor, statement, *_rest) -> None:
        if statement.startswith("SELECT") and "set_config" not in statement:
            asked.append(statement)

    content = content_of(database, center)
    assert len(content.tutors) == 64
    assert len(asked) <= 10


def test_a_center_that_has_entered_nothing_yet_claims_nothing(make_center, database):
    center = make_center(
        headline="",
        about="",
        phone="",
        email="",
        offices=(Office("Main office", "", "", {}),),
        tutors=(),
        prices={},
        closures=(),
    )
    content = content_of(database, center)
    assert content.headline == "Tutoring that begins with your child."
    assert (content.about, content.tutors, content.subjects, content.price_tables) == ((), (), (), ())
    assert content.open_line.short == ""
    assert content.offices[0].map_url == ""
    assert len(content.subject_choices) == 8, "the form offers every subject of the catalog"


def test_an_online_center_says_so(make_center, database):
    center = make_center(headline="", offices=(Office("Online", "", "", {0: "09:00-17:00"}, is_virtual=True),))
    content = content_of(database, center)
    assert content.headline == "Tutoring, wherever you are."
    assert content.lead.startswith("Private lessons, small groups and test prep online")


def test_archived_and_inactive_rows_are_not_shown(make_center, database):
    center = make_center()
    with database.tenant(center.organization_id) as session:
        tutors = session.scalars(select(Tutor).order_by(Tutor.priority)).all()
        tutors[0].archived_at = WEDNESDAY_AFTERNOON
        tutors[1].is_active = False
        for offered in session.scalars(select(ServiceOffered)):
            offered.is_active = False
    content = content_of(database, center)
    assert content.tutors[0].name == "Daniel Müller"
    assert len(content.tutors) == len(HUDSON_TUTORS) - 2
    assert content.price_tables == ()


def test_what_locations_offer_goes_before_what_tutors_teach(make_center, database):
    center = make_center()
    with database.tenant(center.organization_id) as session:
        topic = session.scalars(select(Topic).where(Topic.name == "World History")).one()
        session.add(
            TopicOffered(
                organization_id=center.organization_id,
                topic_id=topic.id,
                location_id=derived_id(center.organization_id, "location", "Irvington Office"),
            )
        )
    assert [(one.name, one.topics) for one in content_of(database, center).subjects] == [
        ("Social Studies", ("World History",))
    ]


def test_offices_with_their_own_prices_have_their_own_table(make_center, database):
    center = make_center()
    with database.tenant(center.organization_id) as session:
        tarrytown = derived_id(center.organization_id, "location", "Tarrytown Office")
        for offered in session.scalars(select(ServiceOffered).where(ServiceOffered.location_id == tarrytown)):
            offered.hourly_price_cents += 250
    first, second = content_of(database, center).price_tables
    assert (first.offices, second.offices) == (("Irvington",), ("Tarrytown",))
    assert second.rows[0].prices == ("$82.50", "$92.50", "$102.50")


def test_prices_are_the_same_everywhere_when_they_are(make_center, database):
    (table,) = content_of(database, make_center()).price_tables
    assert table.offices == ()
    assert table.levels == ("Elementary", "Middle", "High school")
    assert [(row.lesson, row.explanation) for row in table.rows] == [
        ("Private lesson", "one student, one tutor"),
        ("Semi-private", "two or three students"),
        ("Class", "up to eight students"),
    ]


def test_classes_are_named(make_center, database):
    center = make_center()
    with database.tenant(center.organization_id) as session:
        session.add(Product(organization_id=center.organization_id, type=ProductType.CLASS, name="Young Writers"))
        session.add(Product(organization_id=center.organization_id, type=ProductType.CAMP, name="Summer camp"))
    assert content_of(database, center).products == ("Young Writers",)


def test_locations_that_would_share_a_short_name_keep_their_own(make_center, database):
    offices = (Office("Irvington Office"), Office("Irvington", "1 Main St"))
    assert [one.name for one in content_of(database, make_center(offices=offices)).offices] == [
        "Irvington Office",
        "Irvington",
    ]


def test_money_shows_cents_only_where_there_are_some():
    assert money_words(8000, "USD") == "$80"
    assert money_words(6250, "EUR") == "€62.50"
    assert money_words(123456700, "CHF") == "CHF 1,234,567"


def test_topics_lose_their_explanations():
    assert short_topic("Reading (phonics, comprehension, fluency)") == "Reading"
    assert short_topic("SAT / ACT Math") == "SAT / ACT Math"
    assert short_topic("(only this)") == "(only this)"
