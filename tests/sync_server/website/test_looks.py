"""Colors that can be read, and pictures that differ from site to site but never from visit to visit."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sync_server.website.palette import contrast, darkened, palette_for, palette_from
from sync_server.website.picture import logo_for, mark_for, scene_for
from tests.pictures import picture

COLORS = some.integers(0, 0xFFFFFF).map("#{:06X}".format)


@given(some.lists(COLORS, min_size=5, max_size=5))
def test_any_five_colors_are_mended_until_every_text_can_be_read(colors):
    palette = palette_from(colors)
    white = "#FFFFFF"
    for text, ground, ratio in (
        (palette.ink, white, 7),
        (palette.ink, palette.tint, 7),
        (palette.ink, palette.highlight, 4.5),
        (white, palette.primary, 4.5),
        (white, palette.action, 4.5),
        (palette.action, palette.tint, 4.5),
        (palette.link, palette.tint, 4.5),
        (palette.soft, palette.tint, 4.5),
        (palette.strong, palette.tint, 4.5),
        (palette.footer_text, palette.ink, 4.5),
        (palette.control, white, 3),
    ):
        assert contrast(text, ground) >= ratio, (text, ground)


def test_colors_that_can_be_read_are_left_as_they_are():
    own = ("#1F4E68", "#A94422", "#E9B24C", "#E6EEEF", "#15242D")
    palette = palette_from(own)
    assert (palette.primary, palette.action, palette.highlight, palette.tint, palette.ink) == own


def test_darkening_keeps_the_hue():
    assert darkened("#FFD000", ["#FFFFFF"], 4.5).startswith("#8")
    red, green, blue = (int(darkened("#FF8080", ["#FFFFFF"], 4.5)[i : i + 2], 16) for i in (1, 3, 5))
    assert red > green and abs(green - blue) < 40


@pytest.mark.parametrize("colors", [(), ("#1F4E68",) * 4, ("#1F4E68",) * 4 + ("red;}body{display:none",)])
def test_nothing_but_five_colors_reaches_a_style_sheet(colors):
    with pytest.raises(ValueError, match="five colors"):
        palette_from(colors)


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


def test_a_site_always_looks_like_itself_and_no_two_look_alike():
    slugs = [f"center-{number}" for number in range(60)]
    pictures = {scene_for(slug, palette_for(slug)) for slug in slugs}
    assert pictures == {scene_for(slug, palette_for(slug)) for slug in slugs}
    assert len(pictures) == len(slugs)
    assert len({palette_for(slug) for slug in slugs}) > 50


@pytest.mark.parametrize("name", ["Hudson", "école", "中文学校", "123 Go", "مركز", "---", "ß", "<&>"])
def test_every_name_has_a_logo_that_is_good_svg(name):
    logo = ElementTree.fromstring(logo_for(name, "slug", palette_for("slug")))
    assert logo.tag.endswith("svg")
    assert len(list(logo)) >= 3


def test_every_picture_is_good_svg_and_hidden_from_screen_readers():
    for number in range(30):
        picture = ElementTree.fromstring(scene_for(f"s{number}", palette_for(f"s{number}")))
        assert picture.get("aria-hidden") == "true"


@given(COLORS, some.sampled_from(["hudson", "lincoln", "a", "zoo"]))
def test_a_centers_own_color_leads_and_every_text_can_be_read(color, slug):
    palette = palette_for(slug, color)
    white = "#FFFFFF"
    for text, ground, ratio in (
        (white, palette.primary, 4.5),
        (white, palette.action, 4.5),
        (palette.action, palette.tint, 4.5),
        (palette.link, palette.tint, 4.5),
        (palette.ink, palette.tint, 7),
        (palette.ink, palette.highlight, 4.5),
        (palette.soft, palette.tint, 4.5),
    ):
        assert contrast(text, ground) >= ratio, (text, ground)


def test_a_color_that_white_can_be_read_on_is_taken_as_it_is():
    assert palette_for("hudson", "#7a1f3d").primary == "#7A1F3D"
    assert palette_for("hudson", "#7a1f3d") != palette_for("lincoln", "#7a1f3d")
    assert palette_for("hudson", "") == palette_for("hudson") == palette_for("hudson", "red;}body{")


def test_the_other_colors_follow_the_hue_of_the_own_color():
    red, green, blue = (int(palette_for("hudson", "#1f4e8c").tint[at : at + 2], 16) for at in (1, 3, 5))
    assert blue >= green >= red
    gray = palette_for("hudson", "#3a3f47")
    assert gray.action == palette_for("hudson").action or gray.primary == "#3A3F47"


def png_of(size, color="#2f5d50"):
    return picture("PNG", size, color)


@pytest.mark.parametrize(("size", "width"), [((256, 256), 44), ((256, 64), 176), ((20, 200), 4)])
def test_the_own_logo_is_shown_in_its_shape_and_is_small(size, width):
    mark = mark_for("Hudson", "hudson", palette_for("hudson"), png_of(size))
    assert f'width="{width}" height="44" alt=""' in mark.element
    assert mark.icon.startswith("data:image/png;base64,")
    assert len(mark.element) < 20_000


def test_a_logo_that_cannot_be_shown_leaves_the_drawn_one():
    drawn = mark_for("Hudson", "hudson", palette_for("hudson"))
    assert drawn.element.startswith("<svg")
    assert mark_for("Hudson", "hudson", palette_for("hudson"), png_of((40, 40))[:50]) == drawn
