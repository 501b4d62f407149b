"""The page's address: what is asked can be shared, and the browser's buttons go back and forward."""

import base64

from pictures import ask, count_of, field, first_names, jpeg, settled, tiles
from test_search import DROP


def test_an_address_holds_words_terms_filters_and_the_cut_off(visit):
    page = visit("#q=a+blue+bicycle&add=orange&subtract=snow&unlike=1&type=jpg&type=png&after=2001-01-01&min=0.05")
    settled(page)
    body = page.watch.bodies()[0]
    assert body["text"] == "a blue bicycle" and body["add"] == [{"text": "orange"}]
    assert body["subtract"] == [{"text": "snow"}, {"id": 1}]
    assert body["filter"] == {"types": ["jpg", "png"], "after": "2001-01-01"}
    assert page.locator(".chip").count() == 3
    assert page.get_by_role("slider").input_value() == "0.05" or "0.050" in page.locator("#cutoff-value").inner_text()
    field(page).fill("a dog")
    page.wait_for_url("**/#q=a+dog&add=orange&subtract=snow&unlike=1&type=jpg&type=png&after=2001-01-01&min=0.05")


def test_an_address_that_makes_no_sense_does_no_harm(visit):
    page = visit("#q=cat&like=x&min=NaN&after=yesterday&open=-1&in=none&unknown=1")
    settled(page)
    assert page.watch.bodies()[0] == {"text": "cat", "top": 60, "details": True}


def test_back_and_forward_go_through_the_searches(visit):
    page = visit()
    ask(page, "a blue bicycle")
    cat = first_names(page)
    tile = tiles(page).first
    tile.hover()
    with page.expect_response("**/v1/search"):
        tile.get_by_role("button", name="More like this").click()
    settled(page)
    page.go_back()
    page.wait_for_function("() => document.querySelector('#text').value === 'a blue bicycle'")
    settled(page)
    assert first_names(page) == cat
    page.go_forward()
    page.wait_for_function("() => document.querySelector('#text').value === ''")
    page.go_back()
    page.go_back()
    page.wait_for_function("() => document.body.dataset.stage === 'start'")


def test_words_typed_in_one_go_are_one_step(visit):
    page = visit()
    field(page).press_sequentially("a cat on a sofa", delay=60)
    page.wait_for_url("**/#q=a+cat+on+a+sofa")
    page.go_back()
    page.wait_for_function("() => document.body.dataset.stage === 'start'")


def test_back_closes_the_details(visit):
    page = visit("#q=a+blue+bicycle")
    settled(page)
    tiles(page).first.locator(".tile-open").click()
    page.get_by_role("dialog").wait_for()
    assert "open=" in page.url
    page.keyboard.press("ArrowRight")
    page.go_back()
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.url.endswith("#q=a+blue+bicycle")


def test_a_shared_address_opens_the_same_picture(visit):
    page = visit("#q=a+blue+bicycle")
    settled(page)
    tiles(page).first.locator(".tile-open").click()
    address = page.url[page.url.index("#"):]
    other = visit(address)
    other.get_by_role("dialog").wait_for()
    other.get_by_role("heading", name="bicycle.png").wait_for()
    other.keyboard.press("Escape")
    other.get_by_role("dialog").wait_for(state="hidden")
    assert other.url.endswith("#q=a+blue+bicycle")


def test_going_back_comes_to_the_place_in_the_list(visit, fake):
    page = visit("#q=anything", prepare=fake())
    page.wait_for_function("() => document.querySelector('.tile')?.getAttribute('aria-setsize') === '10000'")
    page.evaluate("() => scrollTo(0, 123456)")
    page.wait_for_timeout(500)
    tile = page.locator(".tile").nth(20)
    tile.locator(".tile-open").focus()
    place = page.evaluate("() => scrollY")
    page.keyboard.press("m")
    page.wait_for_function("() => scrollY === 0")
    page.go_back()
    page.wait_for_function("(place) => Math.abs(scrollY - place) < 5", arg=place)


def test_a_picture_of_the_users_is_kept_for_going_back_and_out_of_the_address(visit):
    page = visit()
    with page.expect_response("**/v1/search"):
        page.evaluate(DROP, [base64.b64encode(jpeg(60, 40)).decode(), "image/jpeg", "own.jpg"])
    settled(page)
    assert "data:" not in page.url and len(page.url) < 60
    ask(page, "a blue bicycle")
    page.go_back()
    page.wait_for_function("() => document.querySelector('#text').value === ''")
    page.locator(".chip img").wait_for()
    page.reload()
    page.get_by_text("A picture of your own is not part of the link").wait_for()


def test_the_cut_off_of_an_address_is_applied(visit, fake):
    page = visit("#q=anything&min=0.25", prepare=fake())
    page.wait_for_function("() => document.querySelector('#count').innerText === '5,001 of 10,000 pictures'")
    assert count_of(page) == "5,001 of 10,000 pictures"
