"""Pictures made for tests, and the page's parts by the names that people see."""

import functools
import io
import re

from PIL import Image


@functools.cache
def jpeg(width, height, color=(120, 160, 200)):
    return encoded("JPEG", width, height, color)


@functools.cache
def png(width, height, color=(0, 0, 0, 0)):
    return encoded("PNG", width, height, color)


def encoded(kind, width, height, color):
    data = io.BytesIO()
    Image.new("RGB" if len(color) == 3 else "RGBA", (width, height), color).save(data, kind)
    return data.getvalue()


def field(page):
    return page.get_by_role("searchbox")


def tiles(page):
    return page.locator("#grid .tile")


def first_names(page, count=3):
    labels = [page.locator(f"#grid [aria-posinset='{place}'] .tile-open").get_attribute("aria-label")
              for place in range(1, count + 1)]
    return [re.split(r", similarity|，相似度", label)[0] for label in labels]


def settled(page):
    """The answers of the newest search are shown."""
    page.wait_for_function(
        "() => document.body.dataset.stage === 'results' && document.querySelector('#progress').hidden"
        " && document.querySelector('#skeleton').hidden && !document.querySelector('.grid-old')")


def ask(page, words):
    with page.expect_response(lambda response: response.url.endswith("/v1/search")):
        field(page).fill(words)
    settled(page)


def count_of(page):
    return page.locator("#count").inner_text()
