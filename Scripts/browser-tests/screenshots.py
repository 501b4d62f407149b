"""Draws the page as Documentation shows it; run by Scripts/screenshots."""

import argparse
import contextlib
import io
import json
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import serving
from conftest import PHONE

DESKTOP = {"width": 1440, "height": 900}
MOST = 250_000  # bytes of one file


def elsewhere(route):
    """Whose machine drew it is nobody's business: the folder is another's in the pictures."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace(json.dumps(str(serving.DEMO))[1:-1], "/home/ann/Pictures"))


def start(page):
    page.locator(".tile-shown").first.wait_for()


def results(page):
    page.get_by_role("searchbox").fill("a blue bicycle")
    page.wait_for_url("**/#q=a+blue+bicycle")
    start(page)


def details(page):
    page.evaluate("() => localStorage.setItem('clip-labels', 'bicycle, car, flower, building')")
    results(page)
    page.locator(".tile-open").first.click()
    page.locator(".labels li").first.wait_for()


SHOTS = [(name, prepare, scheme) for name, prepare in (("start", start), ("results", results), ("details", details))
         for scheme in ("light", "dark")]


def saved(data, path):
    """In a palette of 256 colors, or fewer where the file would be too large: the eye hardly sees it."""
    for colors in (256, 128, 64):
        smaller = io.BytesIO()
        Image.open(io.BytesIO(data)).convert("RGB").quantize(colors, dither=Image.Dither.NONE).save(
            smaller, "PNG", optimize=True)
        if len(smaller.getvalue()) <= MOST:
            break
    data = smaller.getvalue()
    path.write_bytes(data)
    print(f"{path}  {len(data) / 1000:.0f} kB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    parser.add_argument("--output", type=Path, default=serving.ROOT / "Documentation")
    arguments = parser.parse_args()
    given = contextlib.nullcontext(f"{(arguments.url or '').rstrip('/')}/")
    with given if arguments.url else serving.server() as url, sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.getuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=options)
        for name, prepare, scheme in SHOTS:
            for width, viewport in ((1440, DESKTOP), (390, PHONE)):
                phone = {"has_touch": True, "is_mobile": True} if width == 390 else {}
                context = chromium.new_context(viewport=viewport, color_scheme=scheme, locale="en-US", **phone)
                page = context.new_page()
                page.route("**/v1/search", elsewhere)
                page.route("**/pictures?*", elsewhere)
                page.goto(url)
                prepare(page)
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(500)  # until pictures have faded in
                saved(page.screenshot(), arguments.output / f"page-{name}-{width}-{scheme}.png")
                context.close()
        chromium.close()


main()
