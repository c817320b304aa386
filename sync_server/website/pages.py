"""Puts a center's content into HTML: home page, lead form, confirmation, messages, sitemap. No scripts, all
texts escaped, all styles in the page itself, and a content security policy that allows nothing else."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from resources import path
from sync_server.website.content import OfficeContent, SiteContent
from sync_server.website.hours import WEEKDAYS
from sync_server.website.lead_form import GRADES, LABELS, LIMITS, LeadForm
from sync_server.website.palette import Palette, palette_for
from sync_server.website.picture import mark_for

ASSET_PREFIX = "/-/website/"
"""Where the fonts are served; no slug begins with a hyphen."""

_FACES = {
    "latin": "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2191,"
    "U+2193,U+2212,U+2215,U+FEFF,U+FFFD",
    "latin-ext": "U+0100-0130,U+0132-0151,U+0154-02BA,U+1E00-1E9F,U+20A0-20AB,U+20AD-20C0",
    "vietnamese": "U+0300-0301,U+0303-0304,U+0308-0309,U+0323,U+0329,U+1EA0-1EF9",
}


@dataclass(frozen=True)
class Page:
    """A rendered page and the content security policy it is served with."""

    body: bytes
    policy: str


def render_home(site: SiteContent, base_url: str = "") -> Page:
    """The home page with an empty lead form; ``base_url`` (such as ``https://example.com``) makes links absolute."""
    canonical = f"{base_url}/{site.slug}/"
    title = home_title(site)
    return _render(
        "home.html",
        site,
        title=title,
        description=site.lead,
        canonical=canonical,
        structured=_script_safe(structured_content(site, canonical)),
        scene=Markup(site.scene),
        home="",
        **_form_context(LeadForm()),
    )


def render_lead_form(site: SiteContent, form: LeadForm) -> Page:
    """The lead form on a page of its own: where errors, and what was typed, are shown."""
    return _render("lead.html", site, home=f"/{site.slug}/", **_form_context(form))


def render_thanks(site: SiteContent) -> Page:
    """The confirmation after a lead was accepted."""
    return _render("thanks.html", site, scene=Markup(site.scene), home=f"/{site.slug}/")


def render_message(heading: str, words: str, name: str = "iTutorOS", slug: str = "") -> Page:
    """A page of a heading and a sentence, for when there is nothing else to show."""
    palette = palette_for(slug)
    mark = mark_for(name, slug, palette)
    return _assemble(
        "message.html", palette, mark.element, mark.icon, slug=slug, name=name, heading=heading, words=words
    )


def render_sitemap(site: SiteContent, base_url: str) -> bytes:
    """The sitemap of one site, as XML."""
    address = escape(f"{base_url}/{site.slug}/")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<url><loc>{address}</loc><changefreq>weekly</changefreq></url></urlset>\n"
    ).encode()


def home_title(site: SiteContent) -> str:
    """The title of the home page: name, and where."""
    states = {office.state for office in site.offices if office.state and not office.is_virtual}
    state = f", {states.pop()}" if len(states) == 1 else ""
    return f"{site.name}, tutoring in {site.place}{state}" if site.place else f"{site.name}, tutoring"


def structured_content(site: SiteContent, canonical: str) -> dict[str, Any]:
    """The organization and its locations in the words of schema.org, for search engines."""
    organization = {
        "@type": "EducationalOrganization",
        "@id": f"{canonical}#organization",
        "name": site.name,
        "url": canonical,
        "description": site.lead,
        **_present(telephone=site.phone, email=site.email),
    }
    places = [
        {
            "@type": "LocalBusiness",
            "@id": f"{canonical}#location-{number}",
            "name": f"{site.name}, {office.name}",
            "url": canonical,
            "parentOrganization": {"@id": f"{canonical}#organization"},
            **_present(telephone=office.phone or site.phone, email=site.email, hasMap=office.map_url),
            "address": _postal_address(office),
            "openingHoursSpecification": _opening_hours(office),
            "specialOpeningHoursSpecification": [
                {
                    "@type": "OpeningHoursSpecification",
                    "validFrom": closure.closed.first_day.isoformat(),
                    "validThrough": closure.closed.last_day.isoformat(),
                    "opens": "00:00",
                    "closes": "00:00",
                }
                for closure in site.closures
            ],
        }
        for number, office in enumerate((one for one in site.offices if not one.is_virtual), 1)
    ]
    return {"@context": "https://schema.org", "@graph": [organization, *places]}


@lru_cache(maxsize=1)
def fonts() -> dict[str, tuple[str, bytes]]:
    """The font files by subset: name with its content hash (so that browsers may keep it forever), and bytes."""
    found = {}
    for subset in _FACES:
        content = path(f"website/fonts/hanken-grotesk-{subset}.woff2").read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:10]
        found[subset] = (f"hanken-grotesk-{subset}-{digest}.woff2", content)
    return found


def _postal_address(office: OfficeContent) -> dict[str, str]:
    parts = _present(
        streetAddress=office.street,
        addressLocality=office.city,
        addressRegion=office.state,
        postalCode=office.postal_code,
        addressCountry=office.country,
    )
    return {"@type": "PostalAddress", **parts}


def _opening_hours(office: OfficeContent) -> list[dict[str, str]]:
    return [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": WEEKDAYS[weekday],
            "opens": f"{span[0]:%H:%M}",
            "closes": f"{span[1]:%H:%M}",
        }
        for weekday, span in sorted(office.week.items())
    ]


def _present(**texts: str) -> dict[str, str]:
    return {key: text for key, text in texts.items() if text}


def _script_safe(content: Mapping[str, Any]) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, code)
    return Markup(text)


def _form_context(form: LeadForm) -> dict[str, Any]:
    return {"form": form, "grades": GRADES, "limits": LIMITS, "labels": LABELS}


def _render(template: str, site: SiteContent, **context: Any) -> Page:
    return _assemble(
        template, site.palette, site.logo, site.icon, slug=site.slug, name=site.name, site=site, **context
    )


def _assemble(template: str, palette: Palette, logo: str, icon: str, **context: Any) -> Page:
    style = _style(palette)
    body = (
        _environment()
        .get_template(template)
        .render(
            palette=palette,
            logo=Markup(logo),
            icon=icon,
            style=Markup(style),
            fonts={subset: ASSET_PREFIX + name for subset, (name, _) in fonts().items()},
            **context,
        )
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; font-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return Page(body.encode(), policy)


def _style(palette: Palette) -> str:
    roles = ";".join(f"--{one.name.replace('_', '-')}:{getattr(palette, one.name)}" for one in fields(palette))
    return f"{_faces()}:root{{{roles}}}{_style_sheet()}"


@lru_cache(maxsize=1)
def _style_sheet() -> str:
    """The style sheet without comments and needless space."""
    text = re.sub(r"/\*.*?\*/", "", path("website/porch.css").read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"\s*\n\s*", "", text)).replace(" { ", "{").replace("; }", "}").strip()


@lru_cache(maxsize=1)
def _faces() -> str:
    return "".join(
        f'@font-face{{font-family:"Hanken Grotesk";src:url({ASSET_PREFIX}{name}) format("woff2");'
        f"font-weight:100 900;font-display:swap;unicode-range:{_FACES[subset]}}}"
        for subset, (name, _) in fonts().items()
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(path("website/templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
