"""The public website over HTTP: what visitors get, when it changes, and what never appears."""

from __future__ import annotations

import gzip
import html
import json
import re
from datetime import date
from html.parser import HTMLParser

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from shared_models.organization.models import Closure, OpeningHours, Organization
from sync_server.database import Database
from sync_server.models import OrganizationRoute
from sync_server.website.cache import FRESH_SECONDS, STALE_SECONDS


def test_the_home_page_shows_the_center(site, make_center):
    center = make_center()
    answer = site.client.get(f"/{center.slug}/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for words in (
        "Hudson Learning Center",
        "One thing more than they came with.",
        "Private lessons, small groups and test prep in Irvington and Tarrytown, for grades K to 12.",
        "Open today 2:00–9:00 PM",
        "2:00–8:30 PM in Tarrytown. Closed November 26 and 27.",
        "Monday to Friday",
        "50 S Buckhout St, Irvington, NY 10533",
        "Two offices",
        "Reading &amp; Language Arts",
        "Małgorzata Patel",
        "from $30",
        "Test prep: private $120, semi-private $75, class $40.",
        "tel:9145550100",
    ):
        assert words in answer.text, words
    assert "World History" not in answer.text, "nobody teaches it"


def test_no_page_carries_a_script_and_the_policy_forbids_any(site, make_center):
    center = make_center()
    for page in ("", "lead", "thanks"):
        answer = site.client.get(f"/{center.slug}/{page}")
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert all('type="application/ld+json"' in script for script in scripts)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "script-src" not in answer.headers["content-security-policy"]


def test_a_page_with_style_and_fonts_stays_under_100_kb(site, make_center):
    center = make_center()
    page = site.client.get(f"/{center.slug}/")
    fonts = re.findall(r"url\((/-/website/[^)]+)\)", page.text)
    sizes = [len(site.client.get(font).content) for font in fonts]
    assert len(fonts) == 3
    assert len(page.content) + sum(sizes) < 100_000


def test_fonts_may_be_kept_forever(site, make_center):
    page = site.client.get(f"/{make_center().slug}/")
    font = site.client.get(re.findall(r"url\((/-/website/[^)]+)\)", page.text)[0])
    assert font.headers["content-type"] == "font/woff2"
    assert "immutable" in font.headers["cache-control"]
    assert font.content[:4] == b"wOF2"


def test_an_unknown_slug_is_not_found(site):
    for path in ("/nobody-here/", "/nobody-here/thanks", "/Not_a_Slug/", "/-/website/other.woff2"):
        answer = site.client.get(path)
        assert answer.status_code == 404, path
        assert "There is no such page" in answer.text
    assert site.client.post("/nobody-here/lead", data={"name": "A"}).status_code == 404


def test_the_bare_address_names_no_center(site, make_center):
    center = make_center()
    answer = site.client.get("/")
    assert answer.status_code == 200
    assert center.slug not in answer.text


def test_an_unknown_page_of_a_known_site_is_not_found(site, make_center):
    center = make_center()
    assert site.client.get(f"/{center.slug}/wp-login.php").status_code == 404


def test_a_slug_without_its_slash_is_led_on(site, make_center):
    center = make_center()
    answer = site.client.get(f"/{center.slug}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/{center.slug}/")


def test_an_old_slug_leads_to_the_newest_for_good(site, make_center, database: Database):
    center = make_center()
    with database.routing() as session:
        session.add(
            OrganizationRoute(slug=f"old-{center.slug}", organization_id=center.organization_id, is_current=False)
        )
    answer = site.client.get(f"/old-{center.slug}/thanks")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/{center.slug}/thanks")


def test_what_another_tenant_wrote_never_appears(site, make_center):
    mine = make_center(headline="Only mine", about="Mine alone.", tutors=(), name="My center")
    other = make_center(
        name="Their center", headline="Only theirs", tutors=(("Zoë Theirs", ("SAT",)),), email="x@theirs.example"
    )
    for page in ("", "lead", "thanks", "sitemap.xml"):
        my_page = site.client.get(f"/{mine.slug}/{page}").text
        for words in ("Their center", "Only theirs", "Zoë", "theirs.example", other.slug, other.organization_id):
            assert words not in my_page


def test_nothing_internal_is_published(site, make_center, database: Database):
    center = make_center()
    with database.tenant(center.organization_id) as session:
        organization = session.scalars(select(Organization)).one()
        organization.biweekly_allowed = False
    page = site.client.get(f"/{center.slug}/").text
    assert center.organization_id not in page
    assert "hourly_pay" not in page


def test_a_browser_that_has_the_page_is_told_so(site, make_center):
    center = make_center()
    first = site.client.get(f"/{center.slug}/")
    again = site.client.get(f"/{center.slug}/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = site.client.get(f"/{center.slug}/", headers={"If-None-Match": '"something else"'})
    assert other.status_code == 200


def test_head_gives_the_headers_alone(site, make_center):
    center = make_center()
    whole = site.client.get(f"/{center.slug}/")
    for _ in range(2):  # once from routing, once from the cache
        head = site.client.head(f"/{center.slug}/")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == whole.headers["etag"]


def test_a_page_is_compressed_for_browsers_that_take_it(site, make_center):
    center = make_center()
    plain = site.client.get(f"/{center.slug}/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with site.client.stream("GET", f"/{center.slug}/", headers={"Accept-Encoding": "br, gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


def test_a_change_at_the_desk_is_public_when_freshness_has_passed(site, make_center, database, clock):
    center = make_center()
    assert "One thing more" in site.client.get(f"/{center.slug}/").text
    with database.tenant(center.organization_id) as session:
        session.scalars(select(Organization)).one().headline = "Now with violin."
    assert "Now with violin." not in site.client.get(f"/{center.slug}/").text
    clock.advance(STALE_SECONDS + 0.1)
    assert "Now with violin." in site.client.get(f"/{center.slug}/").text


def test_a_page_a_little_old_is_served_at_once_and_renewed_beside_it(site, make_center, database, clock):
    center = make_center()
    site.client.get(f"/{center.slug}/")
    with database.tenant(center.organization_id) as session:
        session.scalars(select(Organization)).one().headline = "Now with violin."
    clock.advance(FRESH_SECONDS + 0.1)
    assert "Now with violin." not in site.client.get(f"/{center.slug}/").text
    site.cache.site(center.slug)  # waits for the renewal that the visit began
    assert "Now with violin." in site.client.get(f"/{center.slug}/").text


def test_an_unchanged_site_is_not_rendered_again(site, make_center, clock):
    center = make_center()
    before = site.cache.site(center.slug)
    clock.advance(60)
    assert site.cache.site(center.slug) is before


def test_the_hours_line_turns_at_closing_time_without_any_change(site, make_center, clock):
    center = make_center()
    assert "Open today" in site.client.get(f"/{center.slug}/").text
    clock.advance(6 * 3600)
    text = site.client.get(f"/{center.slug}/").text
    assert "Closed now." in text
    assert "Open again Saturday at 9:00 AM in Irvington and Tarrytown." in text


def test_archived_hours_and_closures_are_gone(site, make_center, database, clock):
    center = make_center()
    site.client.get(f"/{center.slug}/")
    with database.tenant(center.organization_id) as session:
        for row in [*session.scalars(select(Closure)), *session.scalars(select(OpeningHours))]:
            row.archived_at = clock.now()
    clock.advance(5)
    text = site.client.get(f"/{center.slug}/").text
    assert "Thanksgiving" not in text
    assert "Monday" not in text.partition("application/ld+json")[2].partition("</script>")[2]


def test_a_site_seen_before_survives_an_absent_database(site, make_center, clock, database, monkeypatch):
    center = make_center()
    site.client.get(f"/{center.slug}/")
    clock.advance(60)

    def is_away(*_: object, **__: object) -> None:
        raise OperationalError("connect", {}, OSError("no database"))

    monkeypatch.setattr(database, "routing", is_away)
    assert site.client.get(f"/{center.slug}/").status_code == 200


def test_the_page_is_described_for_search_engines(site, make_center):
    center = make_center()
    page = site.client.get(f"/{center.slug}/").text
    assert "<title>Hudson Learning Center, tutoring in Irvington and Tarrytown, NY</title>" in page
    assert f'<link rel="canonical" href="https://example.com/{center.slug}/">' in page
    found = json.loads(re.search(r'ld\+json">(.*?)</script>', page, re.DOTALL)[1])
    organization, irvington, tarrytown = found["@graph"]
    assert organization["name"] == "Hudson Learning Center"
    assert irvington["@type"] == "LocalBusiness"
    assert irvington["address"]["streetAddress"] == "50 S Buckhout St"
    assert {"Monday", "Saturday"} <= {hours["dayOfWeek"] for hours in tarrytown["openingHoursSpecification"]}
    assert f"https://example.com/{center.slug}/" in site.client.get(f"/{center.slug}/sitemap.xml").text
    assert "noindex" in site.client.get(f"/{center.slug}/thanks").text
    assert site.client.get("/robots.txt").text.startswith("User-agent: *")


HOSTILE = "\"><script>alert(1)</script>' onload=x {{ 7*7 }} </title></style>"


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "مركز الهدى للتعليم", "x" * 190, "Ünïcødé 中文 🎓 \u202eevil", "]]> & < > ' \""],
    ids=["markup", "right to left", "very long", "any script", "signs"],
)
def test_hostile_texts_stay_texts(site, make_center, text):
    center = make_center(
        name=text,
        headline=text,
        about=text * 20,
        phone=text[:40],
        email="a@b.example",
        subjects={text[:100]: (text[:60],)},
        tutors=((text[:60], (text[:60],)),),
        closures=((date(2026, 11, 26), date(2026, 11, 26), text),),
    )
    for page in ("", "lead", "thanks"):
        answer = site.client.get(f"/{center.slug}/{page}")
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "49" not in re.findall(r"onload=x (\S+)", html.unescape(answer.text))
        parsed = Elements()
        parsed.feed(answer.text)
        assert text in parsed.text
        assert not any(name.startswith("on") for name in parsed.attributes)
        json.loads("".join(parsed.scripts) or "{}")


class Elements(HTMLParser):
    """What a browser would find: texts, attribute names and the contents of script elements."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self._is_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_script = tag == "script"
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        self._is_script = False

    def handle_data(self, data: str) -> None:
        if self._is_script:
            self.scripts.append(data)
        else:
            self.text += data
