"""The dialog of one picture."""

import json

import pytest

from pictures import ask, field, settled, tiles


@pytest.fixture
def opened(visit):
    """The page with the details of the best answer."""
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "a blue bicycle")
    tiles(page).first.locator(".tile-open").click()
    page.get_by_role("dialog").wait_for()
    return page


def test_it_shows_the_large_picture_and_what_is_known(opened):
    dialog = opened.get_by_role("dialog")
    opened.wait_for_function(
        "() => document.querySelector('.details-picture')?.src.endsWith('size=1600')"
        " && document.querySelector('.details-picture').naturalWidth > 0")
    text = dialog.inner_text()
    for part in ("bicycle.png", "365 × 224 pixels", "47 kB", "Similarity", "Changed", "/bicycle.png"):
        assert part in text
    assert dialog.locator(".details-picture").get_attribute("alt") == "bicycle.png"


def test_the_path_is_copied(opened):
    path = opened.locator(".details-path").inner_text()
    opened.get_by_role("button", name="Copy the path").click()
    opened.get_by_text("Copied").wait_for()
    assert opened.evaluate("() => navigator.clipboard.readText()") == path


def test_arrows_and_buttons_go_from_picture_to_picture(opened):
    name = opened.locator(".details-name")
    assert opened.get_by_role("button", name="Previous picture").is_disabled()
    opened.keyboard.press("ArrowRight")
    second = name.inner_text()
    assert second != "bicycle.png"
    opened.get_by_role("button", name="Next picture").click()
    assert name.inner_text() not in ("bicycle.png", second)
    opened.keyboard.press("ArrowLeft")
    assert name.inner_text() == second


def test_escape_closes_it_and_the_focus_comes_back(opened):
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("Escape")
    opened.get_by_role("dialog").wait_for(state="hidden")
    opened.wait_for_function("() => document.activeElement.closest('.tile')?.getAttribute('aria-posinset') === '2'")
    assert "open=" not in opened.url


def test_it_closes_beside_the_picture_and_by_its_button(opened):
    opened.get_by_role("button", name="Close").click()
    opened.get_by_role("dialog").wait_for(state="hidden")
    tiles(opened).first.locator(".tile-open").click()
    opened.mouse.click(4, 4)
    opened.get_by_role("dialog").wait_for(state="hidden")


def test_the_focus_stays_inside(opened):
    for _ in range(12):
        opened.keyboard.press("Tab")
        assert opened.evaluate(
            "() => document.activeElement === document.body || document.querySelector('#details').contains(document.activeElement)")


def test_the_best_of_the_users_labels_are_kept(opened):
    labels = opened.get_by_label("Your labels")
    with opened.expect_response("**/v1/classify") as answer:
        labels.fill("car, cat，dog")
    opened.locator(".labels li").nth(2).wait_for()
    body = json.loads(opened.watch.asked("/v1/classify")[-1].post_data)
    assert body["labels"] == ["car", "cat", "dog"] and "id" in body["image"]
    best = [label["label"] for label in answer.value.json()["results"][0]["labels"]]
    assert opened.locator(".labels-name").all_inner_texts() == best
    opened.keyboard.press("ArrowRight")  # in the field: moves the caret, not the picture
    assert opened.locator(".details-name").inner_text() == "bicycle.png"
    with opened.expect_response("**/v1/classify"):
        opened.reload()
    opened.locator(".labels li").nth(2).wait_for()
    assert opened.get_by_label("Your labels").input_value() == "car, cat，dog"


def test_one_label_is_no_choice(opened):
    opened.get_by_label("Your labels").fill("cat")
    opened.get_by_text("Write two or more labels").wait_for()
    opened.wait_for_timeout(500)
    assert opened.watch.asked("/v1/classify") == []


def test_more_like_this_leaves_the_dialog(opened):
    with opened.expect_response("**/v1/search"):
        opened.get_by_role("dialog").get_by_role("button", name="More like this").click()
    opened.get_by_role("dialog").wait_for(state="hidden")
    settled(opened)
    assert "like=" in opened.url and field(opened).input_value() == ""


def test_it_adds_to_and_subtracts_from_the_search(opened):
    dialog = opened.get_by_role("dialog")
    with opened.expect_response("**/v1/search"):
        dialog.get_by_role("button", name="Subtract from the search").click()
    dialog.wait_for(state="hidden")
    settled(opened)
    assert opened.locator(".chip-minus").count() == 1
    tiles(opened).first.locator(".tile-open").click()
    with opened.expect_response("**/v1/search"):
        dialog.get_by_role("button", name="Add to the search").click()
    settled(opened)
    assert opened.locator(".chip-plus").count() == 1


def test_a_picture_whose_file_is_gone_says_so(visit, fake):
    server = fake(3)

    def prepare(page):
        server(page)
        page.route("**/thumbnails/*", lambda route: route.fulfill(status=404, json={"error": {"message": "gone"}}))

    page = visit("#q=cat&open=1", prepare=prepare)
    page.watch.allow("404")
    page.get_by_text("This picture cannot be shown").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")


def test_a_very_long_name_and_path_stay_inside(visit, fake):
    server = fake(3)
    server.facts = lambda number: {"id": number, "image": f"/{'very' * 40}/{'long' * 60}.jpg", "width": 12000, "height": 300,
                                   "bytes": 1, "modified": "2024-05-06T07:08:09Z"}
    page = visit("#q=cat&open=1", prepare=server)
    page.get_by_role("dialog").wait_for()
    page.wait_for_timeout(300)
    assert page.evaluate(
        "() => { const side = document.querySelector('.details-side'); return side.scrollWidth <= side.clientWidth }")


def test_on_a_phone_it_fills_the_screen(visit):
    page = visit("#q=a+blue+bicycle", phone=True)
    settled(page)
    tiles(page).first.locator(".tile-open").tap()
    page.get_by_role("dialog").wait_for()
    assert page.evaluate("() => { const box = document.querySelector('#details').getBoundingClientRect();"
                         " return [box.left, box.top, box.width, box.height] }") == [0, 0, 390, 844]
    page.get_by_role("button", name="Close").tap()
    page.get_by_role("dialog").wait_for(state="hidden")
