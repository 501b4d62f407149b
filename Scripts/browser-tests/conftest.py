"""The browser, the server, and a page that watches itself: what every test needs."""

import json
import os
import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Error, sync_playwright

import pictures
import serving

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


def pytest_addoption(parser):
    parser.addoption("--url", help="the address of a server that runs already")


@pytest.fixture(scope="session")
def url(request):
    given = request.config.getoption("--url")
    if given:
        yield given.rstrip("/") + "/"
        return
    with serving.server() as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        # The sandbox of Chromium refuses to run as root.
        options = ["--no-sandbox"] if os.getuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=options)
        yield chromium
        chromium.close()


class Watch:
    """What a page did that no page of ours may do: errors, requests that leave the server, violations of its policy."""

    def __init__(self, page, url):
        self.faults = []
        self.allowed = []
        self.requests = []
        self.origin = urlparse(url).netloc
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", self.request)
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (event) =>"
            " console.error('policy violated: ' + event.violatedDirective + ' ' + event.blockedURI))")

    def allow(self, pattern):
        """A failed request is logged by the browser itself; a test that makes one fail says so."""
        self.allowed.append(pattern)

    def console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def request(self, request):
        self.requests.append(request)
        address = urlparse(request.url)
        if address.scheme not in ("blob", "data") and address.netloc != self.origin:
            self.faults.append(f"request to {request.url}")

    def asked(self, path):
        return [request for request in self.requests if urlparse(request.url).path.startswith(path)]

    def bodies(self):
        return [json.loads(request.post_data) for request in self.asked("/v1/search")]

    def check(self):
        left = [fault for fault in self.faults if not any(re.search(pattern, fault) for pattern in self.allowed)]
        assert not left, "\n".join(left)


@pytest.fixture
def visit(browser, url):
    """visit(hash, **context options) opens the page; `prepare(page)` runs before it is loaded."""
    opened = []

    def visit(hash="", prepare=None, phone=False, **options):
        options.setdefault("locale", "en-US")
        options.setdefault("viewport", PHONE if phone else WIDE)
        if phone:
            options.update(has_touch=True, is_mobile=True, device_scale_factor=2)
        context = browser.new_context(**options)
        page = context.new_page()
        page.set_default_timeout(10_000)
        watch = Watch(page, url)
        page.watch = watch
        opened.append((context, watch))
        if prepare:
            prepare(page)
        page.goto(url + hash)
        return page

    yield visit
    for context, watch in opened:
        context.close()
        watch.check()


class Fake:
    """Answers in the server's place what the demonstration's index cannot: many pictures, slow and failing answers."""

    def __init__(self, count=10_000, name="fake"):
        self.count = count
        self.name = name
        self.hold = False  # searches are not answered until release()
        self.held = []
        self.failure = None  # (status, headers, body) of searches and pictures, or "abort"
        self.searches = []
        self.details = []
        self.thumbnails = 0

    def __call__(self, page):
        self.page = page
        page.route("**/v1/indexes", self.indexes)
        page.route("**/v1/search", self.search)
        page.route("**/v1/indexes/*/pictures?*", self.pictures)
        page.route("**/v1/indexes/*/thumbnails/*", self.thumbnail)

    def answer(self, route, value):
        if self.failure == "abort":
            route.abort("connectionrefused")
        elif self.failure:
            status, headers, message = self.failure
            error = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": "x"}}
            route.fulfill(status=status, headers=headers, json=error)
        else:
            route.fulfill(json=value)

    def indexes(self, route):
        index = {"name": self.name, "model": "pictures", "pictures": self.count, "dimension": 256}
        route.fulfill(json={"indexes": [index], "default": self.name})

    def facts(self, number):
        return {"id": number, "image": f"/pictures/{number:05}.jpg", "width": 640, "height": 480, "bytes": 123_456,
                "modified": "2024-05-06T07:08:09Z"}

    def search(self, route):
        body = json.loads(route.request.post_data)
        self.searches.append(body)
        results = []
        for place in range(min(self.count, body["top"])):
            result = {"id": place + 1, "similarity": round(0.4 - 0.3 * place / self.count, 6)}
            results.append(result if body.get("brief") else {**self.facts(place + 1), **result})
        answer = {"model": "pictures", "index": self.name, "results": results}
        if self.hold:
            self.held.append((route, answer))
        else:
            self.answer(route, answer)

    def release(self):
        """Answers what was held back, the oldest first. The page may have given some of it up."""
        held, self.held = self.held, []
        for route, answer in held:
            try:
                self.answer(route, answer)
            except Error:
                pass

    def pictures(self, route):
        ids = [int(number) for number in parse_qs(urlparse(route.request.url).query)["ids"][0].split(",")]
        self.details.append(ids)
        self.answer(route, {"pictures": [self.facts(number) for number in ids if 1 <= number <= self.count]})

    def thumbnail(self, route):
        self.thumbnails += 1
        if self.failure:
            self.answer(route, None)
        else:
            route.fulfill(body=pictures.jpeg(320, 240), content_type="image/jpeg")


@pytest.fixture
def fake():
    return Fake
