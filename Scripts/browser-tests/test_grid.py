"""The grid: many answers in few elements, by mouse and by keyboard; the cut-off."""

import pictures
from pictures import ask, count_of, field, settled, tiles

NODES = "() => document.querySelectorAll('#grid *').length"
NAMED = ("() => [...document.querySelectorAll('.tile-open')]"
         ".every((tile) => tile.getAttribute('aria-label').includes('.jpg'))")
FOCUSED = "() => Number(document.activeElement.closest('.tile')?.getAttribute('aria-posinset') ?? 0)"


def long_list(page, server):
    """The long list has come and is drawn."""
    page.wait_for_function(
        "(count) => Number(document.querySelector('.tile')?.getAttribute('aria-setsize')) === count", arg=server.count)


def test_ten_thousand_answers_need_few_elements(visit, fake):
    server = fake()
    page = visit("#q=anything", prepare=server)
    long_list(page, server)
    assert [body["top"] for body in server.searches] == [60, 10_000]
    assert server.searches[1]["brief"] is True
    most = 0
    for _ in range(40):
        page.mouse.wheel(0, 9000)
        page.wait_for_timeout(30)
        most = max(most, page.evaluate(NODES))
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    page.locator("[aria-posinset='10000']").wait_for()
    assert max(most, page.evaluate(NODES)) < 1500


def test_names_come_for_what_is_in_view_only(visit, fake):
    server = fake()
    page = visit("#q=anything", prepare=server)
    long_list(page, server)
    page.evaluate("() => scrollTo(0, 200000)")
    page.wait_for_function("() => document.querySelectorAll('.tile')[0].getAttribute('aria-posinset') > 1000")
    page.wait_for_function(NAMED)
    assert 0 < sum(map(len, server.details)) < 200
    assert all(len(ids) <= 500 for ids in server.details)


def test_pictures_that_fly_past_are_not_loaded(visit, fake):
    server = fake()
    page = visit("#q=anything", prepare=server)
    long_list(page, server)
    page.wait_for_timeout(300)
    before = server.thumbnails
    page.evaluate(
        "() => new Promise((done) => { let left = 60; const step = () => {"
        " scrollBy(0, 2500); if (left -= 1) requestAnimationFrame(step); else done(); }; step(); })")
    page.wait_for_timeout(800)
    in_view = tiles(page).count()
    assert server.thumbnails - before < 4 * in_view  # sixty jumps passed more than ten times as many
    assert page.locator(".tile-shown").count() == in_view


def test_every_frame_of_fast_scrolling_shows_tiles(visit, fake):
    server = fake()
    page = visit("#q=anything", prepare=server)
    long_list(page, server)
    empty = page.evaluate(
        """() => new Promise((done) => {
          let left = 80, empty = 0;
          const step = () => {
            scrollBy(0, 1700);
            requestAnimationFrame(() => requestAnimationFrame(() => {
              const inside = [...document.querySelectorAll(".tile")].filter((tile) => {
                const box = tile.getBoundingClientRect();
                return box.bottom > 0 && box.top < innerHeight;
              });
              if (inside.length < 6) empty += 1;
              if (left -= 1) step(); else done(empty);
            }));
          };
          step();
        })""")
    assert empty == 0


def test_places_and_count_are_told_to_screen_readers(visit, fake):
    server = fake(1234)
    page = visit("#q=anything", prepare=server)
    long_list(page, server)
    first = page.get_by_role("list", name="Pictures found").get_by_role("listitem").first
    assert first.get_attribute("aria-posinset") == "1" and first.get_attribute("aria-setsize") == "1234"
    page.wait_for_function("() => document.querySelector('#live').textContent === '1,234 pictures'")
    assert page.locator("#live").get_attribute("role") == "status"


def test_tab_comes_to_one_picture_and_arrows_to_the_others(visit, fake):
    server = fake()
    page = visit("#q=anything", prepare=server)
    long_list(page, server)
    assert page.locator(".tile-open[tabindex='0']").count() == 1
    field(page).press("ArrowDown")
    assert page.evaluate(FOCUSED) == 1
    columns = page.evaluate(
        "() => [...document.querySelectorAll('.tile')].filter((tile) => tile.getBoundingClientRect().top"
        " === document.querySelector('.tile').getBoundingClientRect().top).length")
    for key, place in (("ArrowRight", 2), ("ArrowDown", 2 + columns), ("ArrowLeft", 1 + columns), ("ArrowUp", 1),
                       ("End", 10_000), ("ArrowUp", 10_000 - columns), ("Home", 1)):
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED) == place, key
        assert page.evaluate(
            "() => { const box = document.activeElement.getBoundingClientRect();"
            " return box.top >= document.querySelector('#head').getBoundingClientRect().bottom && box.bottom <= innerHeight }"), key
    page.keyboard.press("ArrowUp")
    assert field(page).evaluate("(element) => element === document.activeElement")


def test_the_focus_survives_scrolling_away(visit, fake):
    server = fake()
    page = visit("#q=anything", prepare=server)
    long_list(page, server)
    field(page).press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.mouse.move(600, 600)
    page.mouse.wheel(0, 60_000)
    page.wait_for_timeout(300)
    assert page.evaluate(FOCUSED) == 2
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED) == 3


def test_the_keyboard_alone_searches_opens_adds_and_comes_back(visit):
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Control+k")
    page.keyboard.type("a blue bicycle")
    page.wait_for_url("**/#q=a+blue+bicycle")
    settled(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    page.wait_for_function("() => document.activeElement.classList.contains('tile-open')")
    assert page.evaluate(FOCUSED) == 1
    page.keyboard.press("ArrowRight")
    with page.expect_response("**/v1/search"):
        page.keyboard.press("-")
    settled(page)
    assert "id" in page.watch.bodies()[-1]["subtract"][0]
    field(page).press("ArrowDown")
    with page.expect_response("**/v1/search"):
        page.keyboard.press("m")
    settled(page)
    assert "text" not in page.watch.bodies()[-1]
    assert "id" in page.watch.bodies()[-1]["add"][0]


def test_the_skip_link_leads_to_the_pictures(visit):
    page = visit("#q=a+blue+bicycle")
    settled(page)
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED) == 1


def test_the_cut_off_hides_answers_and_counts_them(visit, fake):
    server = fake()
    page = visit("#q=anything", prepare=server)
    long_list(page, server)
    asked = len(server.searches)
    slider = page.get_by_role("slider", name="Similarity at least")
    slider.fill("0.25")
    assert count_of(page) == "5,001 of 10,000 pictures"
    assert tiles(page).first.get_attribute("aria-setsize") == "5001"
    assert "5,001 pictures" in slider.get_attribute("aria-valuetext")
    page.wait_for_url("**&min=0.25")
    slider.press("Home")
    assert count_of(page) == "10,000 pictures"
    page.wait_for_url("**/#q=anything")
    assert len(server.searches) == asked  # the answers were here already


def test_above_the_best_there_is_a_way_back(visit, fake):
    page = visit("#q=anything&min=0.9", prepare=fake())
    page.get_by_role("heading", name="No picture is this close").wait_for()
    assert tiles(page).count() == 0
    page.get_by_role("button", name="Show all").click()
    tiles(page).first.wait_for()


def test_an_error_in_the_middle_of_scrolling_heals(visit, fake):
    server = fake()
    page = visit("#q=anything", prepare=server)
    page.watch.allow("Failed to load resource|ERR_CONNECTION_REFUSED")
    long_list(page, server)
    server.failure = "abort"
    page.evaluate("() => scrollTo(0, 150000)")
    page.locator(".tile-broken").first.wait_for()
    page.get_by_text("The server cannot be reached").wait_for()
    server.failure = None
    page.wait_for_function(
        "() => document.querySelectorAll('.tile').length > 0 && document.querySelectorAll('.tile-broken').length === 0")
    page.wait_for_function(NAMED)


def test_pictures_that_stay_are_not_loaded_again(visit, fake):
    server = fake(30)
    page = visit("#q=one", prepare=server)
    settled(page)
    page.wait_for_timeout(300)
    before = server.thumbnails
    ask(page, "one two")
    page.wait_for_timeout(300)
    assert server.thumbnails == before


def test_extreme_shapes_and_transparency_are_shown_whole(visit, fake):
    server = fake(4)
    shapes = {1: pictures.jpeg(1600, 100), 2: pictures.jpeg(100, 1600), 3: pictures.png(200, 200), 4: pictures.jpeg(1, 1)}

    def prepare(page):
        server(page)
        page.route("**/thumbnails/*", lambda route: route.fulfill(
            body=shapes[int(route.request.url.split("/")[-1].split("?")[0])]))

    page = visit("#q=shapes", prepare=prepare)
    page.wait_for_function("() => document.querySelectorAll('.tile-shown').length === 4")
    fit = page.evaluate(
        "() => [...document.querySelectorAll('.tile img')].map((image) => getComputedStyle(image).objectFit)")
    assert fit[:3] == ["contain", "contain", "contain"]
    assert page.locator(".tile-clear").count() == 1


def test_one_answer_is_one_tile(visit, fake):
    page = visit("#q=one", prepare=fake(1))
    settled(page)
    assert count_of(page) == "1 picture"
    assert tiles(page).count() == 1
