"""What the page shows when there is nothing yet, nothing found, or something wrong."""

from pictures import ask, field, settled, tiles


def test_before_anything_is_asked_it_counts_and_offers_examples(visit, fake):
    server = fake(1234)
    page = visit(prepare=server)
    page.get_by_role("heading", name="Find any of 1,234 pictures by what it shows").wait_for()
    tiles(page).first.wait_for()
    with page.expect_request("**/v1/search"):
        page.get_by_role("button", name="a pink flower").click()
    assert server.searches[0]["text"] == "a pink flower"
    assert field(page).input_value() == "a pink flower"


def test_a_few_pictures_can_be_looked_at_before_anything_is_asked(visit):
    page = visit()
    tiles(page).first.locator(".tile-open").click()
    page.get_by_role("dialog").wait_for()
    assert "Similarity" not in page.get_by_role("dialog").inner_text()


def test_an_empty_index_says_how_to_fill_it(visit, fake):
    page = visit(prepare=fake(0))
    page.get_by_role("heading", name="There are no pictures yet").wait_for()
    page.get_by_text("clip index add").wait_for()
    assert page.locator("#examples").is_hidden()


def test_filters_that_nothing_fits_can_be_cleared(visit):
    page = visit("#q=cat&type=nothing")
    page.get_by_role("heading", name="No picture fits").wait_for()
    page.get_by_role("button", name="Clear the filters").click()
    tiles(page).first.wait_for()


def test_a_server_that_is_gone_is_asked_again(visit, fake):
    server = fake(30)
    page = visit("#q=cat", prepare=server)
    page.watch.allow("Failed to load resource|ERR_CONNECTION_REFUSED")
    settled(page)
    server.failure = "abort"
    field(page).fill("dog")
    alert = page.get_by_role("alert")
    alert.get_by_text("The server cannot be reached").wait_for()
    assert tiles(page).count() > 0  # what was there stays
    server.failure = None
    alert.wait_for(state="hidden")  # by itself
    assert server.searches[-1]["text"] == "dog"


def test_a_server_that_is_gone_from_the_start_is_asked_again(visit):
    gone = [True]

    def indexes(route):
        if gone[0]:
            route.abort("connectionrefused")
        else:
            route.continue_()

    page = visit("#q=cat", prepare=lambda page: page.route("**/v1/indexes", indexes))
    page.watch.allow("Failed to load resource|ERR_CONNECTION_REFUSED")
    page.get_by_role("alert").get_by_text("The server cannot be reached").wait_for()
    gone[0] = False
    page.get_by_role("button", name="Try again").click()
    tiles(page).first.wait_for()
    page.get_by_role("alert").wait_for(state="hidden")


def test_a_busy_server_is_asked_again_when_it_says(visit, fake):
    server = fake(30)
    server.failure = (429, {"Retry-After": "2"}, "Too many searches.")
    page = visit("#q=cat", prepare=server)
    page.watch.allow("429")
    page.get_by_text("The server is busy").wait_for()
    page.get_by_text("Trying again in 1 s.").wait_for()
    assert len(server.searches) == 1
    server.failure = None
    tiles(page).first.wait_for()
    assert page.get_by_role("alert").is_hidden()


def test_what_the_server_refuses_is_shown_in_its_words(visit, fake):
    server = fake(30)
    server.failure = (400, {}, "This model knows no Chinese.")
    page = visit("#q=cat", prepare=server)
    page.watch.allow("400")
    page.get_by_role("alert").get_by_text("This model knows no Chinese.").wait_for()
    server.failure = None
    page.get_by_role("button", name="Try again").click()
    tiles(page).first.wait_for()


def test_a_key_is_asked_for_kept_and_sent_with_every_request(visit, fake):
    server = fake(30)
    keys = []

    def guard(route):
        key = route.request.headers.get("authorization")
        keys.append(key)
        if key == "Bearer right":
            route.fallback()
        else:
            route.fulfill(status=401, json={"error": {"message": "A key is needed."}})

    def prepare(page):
        server(page)
        page.route("**/v1/**", guard)

    page = visit("#q=cat", prepare=prepare)
    page.watch.allow("401")
    page.get_by_role("textbox", name="Key").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_text("The server did not take this key.").wait_for()
    page.get_by_role("textbox", name="Key").fill("right")
    page.get_by_role("button", name="Continue").click()
    page.locator(".tile-shown").first.wait_for()
    assert page.evaluate("() => document.querySelector('.tile img').src").startswith("blob:")
    assert set(keys) == {None, "Bearer wrong", "Bearer right"}
    page.reload()
    page.locator(".tile-shown").first.wait_for()
    assert page.locator("#key").is_hidden()
    assert page.evaluate("() => localStorage.length") == 0


def test_a_slow_answer_shows_progress_and_a_fast_one_does_not(visit, fake):
    server = fake(30)
    page = visit(prepare=server)
    tiles(page).first.wait_for()
    page.evaluate("""() => {
      window.seen = new Set();
      const look = () => {
        if (!document.querySelector("#progress").hidden) seen.add("progress");
        if (!document.querySelector("#skeleton").hidden) seen.add("skeleton");
        if (document.querySelector(".grid-old")) seen.add("old");
        requestAnimationFrame(look);
      };
      look();
    }""")
    server.hold = True
    with page.expect_request("**/v1/search"):
        field(page).fill("slow")
    page.locator("#skeleton").wait_for()
    page.get_by_text("Searching…").first.wait_for()
    server.release()
    settled(page)
    assert page.evaluate("() => [...seen].sort()") == ["progress", "skeleton"]
    with page.expect_request("**/v1/search"):
        field(page).fill("slow again")
    page.locator(".grid-old").wait_for()  # the older pictures stay, and are seen to be old
    assert tiles(page).count() > 0
    server.release()
    settled(page)
    server.hold = False
    page.evaluate("() => seen.clear()")
    ask(page, "fast")
    assert "skeleton" not in page.evaluate("() => [...seen]")
    assert "old" not in page.evaluate("() => [...seen]")
