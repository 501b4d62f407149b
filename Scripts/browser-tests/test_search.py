"""Searching by words and pictures, and the terms that are added and subtracted."""

import base64
import json

from pictures import ask, count_of, field, first_names, jpeg, png, settled, tiles
from serving import DEMO

DROP = """([data, type, name]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
}"""
PASTE = """([data, type, name]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: transfer }));
}"""


def encoded(data):
    return base64.b64encode(data).decode()


def test_words_find_pictures_while_they_are_typed(visit):
    page = visit()
    field(page).press_sequentially("a blue bicycle", delay=30)
    page.wait_for_url("**/#q=a+blue+bicycle")
    settled(page)
    assert first_names(page, 1) == ["bicycle.png"]
    assert page.watch.bodies()[-1]["text"] == "a blue bicycle"


def test_typing_fast_asks_once(visit):
    page = visit()
    field(page).press_sequentially("yellow car", delay=20)
    settled(page)
    assert [body["text"] for body in page.watch.bodies() if not body.get("brief")] == ["yellow car"]


def test_chinese_words_are_sent_as_they_are(visit):
    page = visit()
    ask(page, "一只橙色的猫")
    assert page.watch.bodies()[-1]["text"] == "一只橙色的猫"
    assert tiles(page).count() > 0


def test_nothing_is_asked_while_an_input_method_composes(visit):
    page = visit()
    field(page).focus()
    session = page.context.new_cdp_session(page)
    for part in ("m", "mao", "猫"):
        session.send("Input.imeSetComposition", {"text": part, "selectionStart": len(part), "selectionEnd": len(part)})
        page.wait_for_timeout(300)
    assert page.watch.bodies() == []
    with page.expect_request("**/v1/search"):
        session.send("Input.insertText", {"text": "猫"})
    assert page.watch.bodies()[0]["text"] == "猫"


def test_an_older_answer_never_overwrites_a_newer_one(visit, fake):
    server = fake(30)
    page = visit(prepare=server)
    server.hold = True
    for words in ("first", "second"):
        with page.expect_request("**/v1/search"):
            field(page).fill(words)
        page.wait_for_timeout(100)
    older, newer = server.held
    server.held = []
    newer[1]["results"] = newer[1]["results"][:3]
    server.answer(*newer)
    settled(page)
    try:
        server.answer(*older)
    except Exception:
        pass  # the page gave the request up, as it should
    page.wait_for_timeout(300)
    assert tiles(page).count() == 3


def test_a_search_in_flight_is_given_up_for_the_next(visit, fake):
    server = fake(30)
    page = visit(prepare=server)
    server.hold = True
    given_up = []
    page.on("requestfailed", lambda request: given_up.append(json.loads(request.post_data)["text"]))
    for words in ("first", "second"):
        with page.expect_request("**/v1/search"):
            field(page).fill(words)
    page.wait_for_timeout(200)
    server.release()
    settled(page)
    assert given_up == ["first"]


def test_a_chosen_picture_is_searched_by(visit):
    page = visit()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Search by a picture").click()
    with page.expect_response("**/v1/search"):
        chooser.value.set_files(DEMO / "cat.jpg")
    settled(page)
    (term,) = page.watch.bodies()[0]["add"]
    assert term["image"] == "data:image/jpeg;base64," + encoded((DEMO / "cat.jpg").read_bytes())
    assert tiles(page).count() > 0
    assert page.locator(".chip img").count() == 1


def test_a_dropped_picture_is_made_small_and_searched_by(visit):
    page = visit()
    with page.expect_response("**/v1/search"):
        page.evaluate(DROP, [encoded(jpeg(4000, 3000)), "image/jpeg", "large.jpg"])
    settled(page)
    (term,) = page.watch.bodies()[0]["add"]
    sides = page.evaluate(
        "async (data) => { const image = new Image(); image.src = data; await image.decode();"
        " return [image.naturalWidth, image.naturalHeight] }", term["image"])
    assert sides == [768, 576]


def test_a_pasted_picture_keeps_its_transparency(visit):
    page = visit()
    with page.expect_response("**/v1/search"):
        page.evaluate(PASTE, [encoded(png(1200, 900)), "image/png", "clear.png"])
    (term,) = page.watch.bodies()[0]["add"]
    assert term["image"].startswith("data:image/png;base64,")


def test_a_dropped_file_that_is_no_picture_is_named(visit):
    page = visit()
    page.evaluate(DROP, [encoded(b"words"), "text/plain", "notes.txt"])
    page.get_by_text("“notes.txt” is not a picture").wait_for()
    assert page.watch.bodies() == []


def test_more_like_this_searches_by_a_picture_of_the_index(visit):
    page = visit()
    ask(page, "a blue bicycle")
    tile = tiles(page).first
    tile.hover()
    with page.expect_response("**/v1/search"):
        tile.get_by_role("button", name="More like this").click()
    settled(page)
    body = page.watch.bodies()[-1]
    assert "text" not in body and list(body["add"][0]) == ["id"]
    assert field(page).input_value() == ""
    assert "bicycle.png" not in first_names(page, 3)  # what is asked with is left out


def test_words_are_added_turned_and_removed_as_chips(visit):
    page = visit()
    ask(page, "a blue bicycle")
    page.get_by_role("button", name="Subtract", exact=True).click()
    with page.expect_response("**/v1/search"):
        page.keyboard.type("snow")
        page.keyboard.press("Enter")
    assert page.watch.bodies()[-1]["subtract"] == [{"text": "snow"}]
    with page.expect_response("**/v1/search"):
        page.get_by_role("button", name="snow, subtracted. Add it instead").click()
    assert page.watch.bodies()[-1]["add"] == [{"text": "snow"}]
    assert "subtract" not in page.watch.bodies()[-1]
    page.get_by_role("button", name="Remove snow").click()
    settled(page)
    assert page.locator(".chip").count() == 0
    assert page.watch.bodies()[-1]["text"] == "a blue bicycle"


def test_a_picture_is_added_and_another_subtracted(visit):
    page = visit()
    ask(page, "a blue bicycle")
    for place, name in ((1, "Add to the search"), (2, "Subtract from the search")):
        tile = tiles(page).nth(place)
        tile.hover()
        with page.expect_response("**/v1/search"):
            tile.get_by_role("button", name=name).click()
        settled(page)
    body = page.watch.bodies()[-1]
    assert body["text"] == "a blue bicycle" and "id" in body["add"][0] and "id" in body["subtract"][0]
    assert page.locator(".chip-plus").count() == 1 and page.locator(".chip-minus").count() == 1


def test_subtracting_alone_asks_for_something_to_subtract_from(visit):
    page = visit("#subtract=snow")
    page.get_by_role("heading", name="Nothing to search for yet").wait_for()
    assert page.watch.bodies() == []


def test_the_search_is_cleared_with_one_button(visit):
    page = visit()
    ask(page, "a blue bicycle")
    page.get_by_role("button", name="Clear the search").click()
    page.wait_for_function("() => document.body.dataset.stage === 'start'")
    assert field(page).input_value() == ""
    assert field(page).evaluate("(element) => element === document.activeElement")


def test_filters_are_sent_shown_and_removed(visit):
    page = visit()
    ask(page, "a blue bicycle")
    page.get_by_role("button", name="Filters").click()
    with page.expect_response("**/v1/search"):
        page.get_by_role("checkbox", name="PNG").check()
    settled(page)
    assert page.watch.bodies()[-1]["filter"] == {"types": ["png"]}
    assert all(name.endswith(".png") for name in first_names(page))
    with page.expect_response("**/v1/search"):
        page.get_by_label("From", exact=True).fill("2001-02-03")
    assert page.watch.bodies()[-1]["filter"] == {"types": ["png"], "after": "2001-02-03"}
    with page.expect_response("**/v1/search"):
        page.get_by_label("To", exact=True).fill("2999-02-03")
    assert page.watch.bodies()[-1]["filter"]["before"] == "2999-02-03"
    folder = page.get_by_label("Folder")
    with page.expect_response("**/v1/search"):
        folder.select_option(index=1)
    assert page.watch.bodies()[-1]["filter"]["folder"] == folder.input_value()
    settled(page)
    filtered = count_of(page)
    page.get_by_role("button", name="Remove PNG").click()
    page.wait_for_function("(text) => document.querySelector('#count').innerText !== text", arg=filtered)
    assert not page.get_by_role("checkbox", name="PNG").is_checked()


def test_another_index_is_searched_by_its_name(visit, fake):
    server = fake(30)

    def two(route):
        index = {"model": "pictures", "pictures": 30, "dimension": 256}
        route.fulfill(json={"indexes": [{**index, "name": "one"}, {**index, "name": "two"}], "default": "one"})

    def prepare(page):
        server(page)
        page.route("**/v1/indexes", two)
        page.route("**/folders", lambda route: route.fulfill(json={"folders": [], "types": []}))

    page = visit("#q=cat&like=7", prepare=prepare)
    settled(page)
    page.get_by_role("button", name="Filters").click()
    # The first query's long list may be asked for meanwhile: it names no index.
    with page.expect_request(lambda asked: "/v1/search" in asked.url and "index" in asked.post_data_json) as asked:
        page.get_by_label("Index").select_option("two")
    body = asked.value.post_data_json
    assert body["index"] == "two" and "add" not in body  # a picture of one index is none of the other
    assert "in=two" in page.url
