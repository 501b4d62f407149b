"""immich's server, byte for byte: what its `fetch` with a FormData sends from Node 20."""
import base64
import json
import os

import pytest
from PIL import Image

from asking import Raw, check_unit, cosine, strict

BOUNDARY = "----formdata-undici-044976624855"
HEADERS = ("connection: keep-alive\r\ncontent-type: multipart/form-data; boundary=" + BOUNDARY
           + "\r\naccept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\n"
           "accept-encoding: gzip, deflate\r\n")


def form(entries, *more):
    fields = [b'Content-Disposition: form-data; name="entries"\r\n\r\n'
              + json.dumps(entries, separators=(",", ":")).encode(), *more]
    return b"".join(b"--" + BOUNDARY.encode() + b"\r\n" + field + b"\r\n" for field in fields) \
        + b"--" + BOUNDARY.encode() + b"--\r\n"


def image(data):
    return (b'Content-Disposition: form-data; name="image"; filename="blob"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n" + data)


def text(words):
    return b'Content-Disposition: form-data; name="text"\r\n\r\n' + words.encode()


def predict(server, body):
    with Raw(server) as raw:
        assert raw.send(f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n{HEADERS}"
                        f"content-length: {len(body)}\r\n\r\n".encode() + body)
        status, answer = raw.answer()
    return status, strict(answer)


def visual(model):
    return {"clip": {"visual": {"modelName": model}}}


def textual(model, **options):
    return {"clip": {"textual": {"modelName": model, "options": options}}}


def test_ping(server):
    with Raw(server) as raw:
        raw.send(f"GET /ping HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\nconnection: keep-alive\r\naccept: */*\r\n"
                 "accept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\naccept-encoding: gzip, deflate\r\n\r\n"
                 .encode())
        assert raw.answer() == (200, b"pong")


@pytest.mark.parametrize("name", ["cat.jpg", "cherry.png"])
def test_pictures(server, http, model, index, picture, name):
    with open(picture(name), "rb") as file:
        data = file.read()
    status, answer = predict(server, form(visual(model), image(data)))
    with Image.open(picture(name)) as opened:
        assert status == 200 and (answer["imageWidth"], answer["imageHeight"]) == opened.size
    # An array inside a string: immich hands it to its database as it is.
    assert isinstance(answer["clip"], str)
    vector = strict(answer["clip"])
    check_unit(vector, index["dimension"])
    other = http.post("/v1/embeddings", json={"modality": "image", "input": base64.b64encode(data).decode()}).json()
    assert cosine(vector, other["data"][0]["embedding"]) > 0.9999


@pytest.mark.parametrize("options", [{}, {"language": "de"}, {"language": "zh-CN"}])
@pytest.mark.parametrize("words", ["ein Hund", "a\r\ncat  \"on\"; a sofa", "一只猫"])
def test_texts(server, http, model, index, options, words):
    status, answer = predict(server, form(textual(model, **options), text(words)))
    assert status == 200 and set(answer) == {"clip"}
    vector = strict(answer["clip"])
    check_unit(vector, index["dimension"])
    other = http.post("/v1/embeddings", json={"input": words}).json()["data"][0]["embedding"]
    assert cosine(vector, other) > 0.9999


def test_several_requests_over_one_connection(server, model, picture):
    body = form(textual(model), text("a hen"))
    with Raw(server) as raw:
        for _ in range(3):
            raw.send(f"POST /predict HTTP/1.1\r\nhost: x\r\n{HEADERS}content-length: {len(body)}\r\n\r\n"
                     .replace("host: x", f"host: 127.0.0.1:{server.port}").encode() + body)
            assert raw.answer()[0] == 200


@pytest.mark.parametrize("entries, fields, statuses", [
    ({}, [text("a")], [422]), ({"clip": {}}, [text("a")], [422]), ("clip", [text("a")], [422]),
    ({"clip": {"visual": {}}}, [image(b"")], [422]),
    ({"facial-recognition": {"detection": {"modelName": "buffalo_l"}}}, [image(b"")], [422]),
    ({"clip": {"textual": {"modelName": "ViT-Z-99__nobody"}}}, [text("a")], [400, 404]),
    (None, [], [400]), (None, [image(b"no picture")], [400]), (None, [image(b"")], [400])])
def test_wrong_forms_are_refused(server, model, entries, fields, statuses):
    status, answer = predict(server, form(visual(model) if entries is None else entries, *fields))
    assert status in statuses and answer["error"]["message"], answer


def test_a_form_without_entries_is_refused(server, model):
    body = form(textual(model), text("a")).replace(b'name="entries"', b'name="other"')
    assert predict(server, body)[0] == 422


def test_the_file_of_a_picture_may_hold_the_boundary_nearly(server, model, picture, tmp_path):
    """Bytes that look like a delimiter and are none."""
    with open(picture("cat.jpg"), "rb") as file:
        data = file.read() + b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n--\r\n" + os.urandom(64)
    assert predict(server, form(visual(model), image(data)))[0] == 200
