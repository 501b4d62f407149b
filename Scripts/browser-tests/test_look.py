"""Light and dark, phone and desktop, English and Chinese, and what assistive technology is given."""

import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe

from pictures import ask, field, settled, tiles

GROUND = "() => getComputedStyle(document.body).backgroundColor"
STATES = {
    "start": "",
    "results": "#q=a+blue+bicycle&add=orange&subtract=snow&type=jpg",
    "details": "#q=a+blue+bicycle&open=1",
    "none": "#q=a&type=no",
}


def test_the_theme_follows_the_system_and_the_button(visit):
    page = visit(color_scheme="dark")
    dark = page.evaluate(GROUND)
    page.get_by_role("button", name="Dark theme").click()
    light = page.evaluate(GROUND)
    assert dark != light
    page.reload()
    assert page.evaluate(GROUND) == light
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(GROUND) == dark
    assert visit(color_scheme="light").evaluate(GROUND) == light


def test_chinese_readers_get_chinese_and_may_turn_to_english(visit):
    page = visit(locale="zh-CN")
    page.get_by_role("heading", name="张图片").wait_for()
    assert page.evaluate("() => document.documentElement.lang") == "zh-CN"
    assert field(page).get_attribute("placeholder") == "描述一张图片"
    ask(page, "a blue bicycle")
    page.wait_for_function("() => /^\\d+ 张图片$/.test(document.querySelector('#count').innerText)")
    assert "，相似度 " in tiles(page).first.locator(".tile-open").get_attribute("aria-label")
    page.get_by_role("button", name="English").click()
    page.wait_for_function("() => / pictures$/.test(document.querySelector('#count').innerText)")
    assert field(page).input_value() == "a blue bicycle"
    page.reload()
    settled(page)
    assert page.evaluate("() => document.documentElement.lang") == "en"


def test_both_languages_have_all_texts(visit):
    page = visit()
    source = page.evaluate("async () => (await fetch('page/words.js')).text()")
    table = source[source.index("const table"):source.index("const known")]
    english, chinese = table.split("  zh: {")
    keys = [[line.split(":")[0].strip() for line in part.splitlines() if line.startswith("    ")]
            for part in (english, chinese)]
    assert keys[0] == keys[1] and len(keys[0]) > 70


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_wider_than_a_phone(visit, state):
    page = visit(STATES[state], phone=True)
    page.wait_for_timeout(1000)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    if state == "results":
        page.get_by_role("button", name="Filters").tap()
        page.get_by_label("Folder").wait_for()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_fingers_reach_more_like_this_on_a_phone(visit):
    page = visit("#q=a+blue+bicycle", phone=True)
    settled(page)
    button = tiles(page).first.get_by_role("button", name="More like this")
    box = button.bounding_box()
    assert box["width"] >= 40 and box["height"] >= 40
    with page.expect_response("**/v1/search"):
        button.tap()
    assert "like=" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(visit, state, scheme):
    page = visit(STATES[state], color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_timeout(1200)
    if state == "results":
        page.get_by_role("button", name="Filters").click()
        page.get_by_label("Folder").wait_for()
        tiles(page).first.hover()
        page.wait_for_timeout(300)
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
    assert results.violations_count == 0, results.generate_report()


def test_every_control_has_a_name(visit):
    page = visit("#q=a+blue+bicycle&add=orange")
    settled(page)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Folder").wait_for()
    tree = page.locator("body").aria_snapshot()
    for role in ("button", "textbox", "searchbox", "combobox", "slider", "checkbox"):
        for line in tree.splitlines():
            assert line.strip() not in (f"- {role}", f"- {role}:"), line


def test_the_focus_is_seen(visit):
    page = visit("#q=a+blue+bicycle")
    settled(page)
    page.evaluate("() => document.activeElement.blur()")
    for _ in range(14):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "() => { let element = document.activeElement; if (element.id === 'text') element = element.parentElement;"
            " const { outlineStyle, outlineWidth } = getComputedStyle(element);"
            " return [element.id, outlineStyle, outlineWidth] }")
        assert style[1] != "none" and float(style[2].removesuffix("px")) >= 1, style


def test_little_moves_for_those_who_asked_for_it(visit):
    page = visit("#q=a+blue+bicycle", reduced_motion="reduce")
    settled(page)
    assert page.evaluate("() => getComputedStyle(document.querySelector('.tile img')).transitionDuration") == "0s"


def test_the_policy_forbids_everything_else(url):
    with urllib.request.urlopen(url) as answer:
        policy = answer.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy
