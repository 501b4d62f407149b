"""Requests that are damaged, slow, large, deep or many."""
import base64
import concurrent.futures
import json
import resource
import select
import socket
import time

import pytest

from asking import Raw, strict
from test_immich import BOUNDARY, HEADERS, form, image, text, textual

POSTS = ["/v1/embeddings", "/v1/search", "/v1/classify", "/v1/rank", "/knn-service", "/metadata", "/predict"]
REFUSED = (400, 404, 405, 408, 411, 413, 414, 415, 422, 431, 499, 501, 505)


def check_refused(answer, *statuses):
    """With a reason of these statuses; a connection that is closed is also an answer, where it says so."""
    status, body = answer
    assert status in (statuses or REFUSED), (status, body[:300])
    if status in (400, 413, 422) and body:
        assert strict(body)["error"]["message"]


def closed_or_refused(answer):
    if answer[0] is not None:
        assert answer[0] in REFUSED, answer


# MARK: Forms

FORMS = {
    "nothing": b"", "no boundary inside": b"entries", "no end": form(textual("x"), text("a"))[:-30],
    "only an end": b"--" + BOUNDARY.encode() + b"--\r\n",
    "a field without a name": b"--%b\r\n\r\nx\r\n--%b--\r\n" % (BOUNDARY.encode(), BOUNDARY.encode()),
    "bare newlines": form(textual("x"), text("a")).replace(b"\r\n", b"\n"),
    "many fields": form(textual("x"), *[b'Content-Disposition: form-data; name="a"\r\n\r\nx'] * 20_000),
    "a long head": form(textual("x"), b'Content-Disposition: form-data; name="' + b"a" * 1_000_000 + b'"\r\n\r\nx'),
    "many heads": form(textual("x"), b"A: b\r\n" * 20_000 + b'Content-Disposition: form-data; name="a"\r\n\r\nx'),
    "zeros": bytes(100_000), "entries are no JSON": form({}, text("a")).replace(b"{}", b"{"),
    "entries are deep": form({}, text("a")).replace(b"{}", b'{"clip":' + b"[" * 100_000),
    "a name without an end": form(textual("x"), b'Content-Disposition: form-data; name="text\r\n\r\nx'),
    "a boundary many times": (b"--" + BOUNDARY.encode() + b"\r\n") * 10_000,
}


@pytest.mark.parametrize("name", FORMS)
def test_damaged_forms_are_refused(server, name):
    with Raw(server) as raw:
        raw.post("/predict", FORMS[name], HEADERS)
        # 404: a lenient reader gets as far as the model's name.
        check_refused(raw.answer(), 400, 404, 413, 422)


@pytest.mark.parametrize("kind", [
    "", "Content-Type: multipart/form-data\r\n", "Content-Type: multipart/form-data; boundary=\r\n",
    'Content-Type: multipart/form-data; boundary="\r\n', f"Content-Type: multipart/form-data; boundary={'b' * 5000}\r\n",
    "Content-Type: multipart/mixed; boundary=x\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"])
def test_forms_of_another_type_are_refused(server, kind):
    with Raw(server) as raw:
        raw.post("/predict", form(textual("x"), text("a")), kind)
        check_refused(raw.answer(), 400, 415, 422)


# MARK: Bodies

@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", [
    b"", b"{", b"null", b"[]", b'"a"', b"1", b"\xff\xfe", b"{}{}", b'{"text": NaN}', b"{'text': 'a'}", b'{"a": "\xc3\x28"}',
    b'{"text": "\\ud800"', b"[" * 200_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 100_000 + b"]" * 100_000,
    b'{"input": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", b'{"top": ' + b"9" * 1_000_000 + b"}"])
def test_bodies_that_are_no_such_document_are_refused(server, path, body):
    with Raw(server) as raw:
        raw.post(path, body, HEADERS if path == "/predict" else "Content-Type: application/json\r\n")
        check_refused(raw.answer(), 400, 413, 422)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "null", '"1"', "[1]", "true", "1e39"])
def test_vectors_of_no_numbers_are_refused(server, index, number):
    values = ",".join([number] + ["0.1"] * (index["dimension"] - 1))
    with Raw(server) as raw:
        raw.post("/knn-service", f'{{"embedding_input":[{values}],"modality":"image","num_images":3,'
                                 f'"indice_name":{json.dumps(index["name"])}}}'.encode())
        check_refused(raw.answer(), 400)


@pytest.mark.parametrize("values", [[], [1], [0.0] * 10_000, None, "abc", {}])
def test_vectors_of_another_length_are_refused(http, index, values):
    answer = http.post("/knn-service", json={
        "embedding_input": values, "modality": "image", "num_images": 3, "indice_name": index["name"]})
    assert answer.status_code == 400 and answer.json()["error"]["message"]


@pytest.mark.parametrize("value", [1e38, 3e38, 1e-38, 1e-45])
def test_vectors_of_extreme_numbers_give_numbers(http, index, value):
    answer = http.post("/knn-service", json={
        "embedding_input": [value] * index["dimension"], "modality": "image", "num_images": 3,
        "indice_name": index["name"]})
    assert answer.status_code in (200, 400)
    strict(answer.content)


@pytest.mark.parametrize("body", [
    {"text": "a", "top": 0}, {"text": "a", "top": -1}, {"text": "a", "top": 10 ** 9}, {"text": "a", "top": 1.5},
    {"text": "a", "top": 2 ** 63}, {"text": "a", "group": 7}, {"text": "a", "min_score": "x"}, {"text": ""}, {},
    {"text": "a", "filter": {"after": "yesterday"}}, {"text": "a", "filter": {"min_bytes": 9, "max_bytes": 1}},
    {"text": "a", "filter": []}, {"text": "a", "add": "b"}, {"text": "a", "add": [{"text": "b", "weight": 1e300}]},
    {"text": "a", "add": [{}]}, {"text": "a", "add": ["b"] * 10_000}, {"image": {"id": -1}}, {"image": {"id": 2 ** 62}},
    {"image": {"id": "1"}}, {"text": "a", "index": "../photos"}])
def test_searches_that_mean_nothing_are_refused(http, body):
    answer = http.post("/v1/search", json=body)
    assert answer.status_code in (400, 404, 413, 422), answer.text[:300]
    assert answer.json()["error"]["message"]


def test_texts_of_any_kind_are_texts(http, index):
    for words in ("a" * 100_000, "🐈" * 10_000, "\0", "\u202e\ufeff a", "\ud83d a", "'; DROP TABLE pictures; --", "<script>"):
        answer = http.post("/v1/search", content=json.dumps({"text": words}))
        assert answer.status_code in (200, 400, 413), (words[:20], answer.text[:300])
        strict(answer.content)


# MARK: Bytes

@pytest.mark.parametrize("bytes_sent", [0, 1, 100])
def test_bodies_that_end_early(server, bytes_sent):
    with Raw(server) as raw:
        raw.post("/v1/embeddings", b" " * bytes_sent, length=1000)
        raw.socket.shutdown(socket.SHUT_WR)
        closed_or_refused(raw.answer())


@pytest.mark.parametrize("chunks", [b"zz\r\nabc\r\n", b"-5\r\nabc\r\n", b"ffffffffffffffffff\r\nabc", b"5\r\nabc\r\n0\r\n\r\n",
                                    b"3;" + b"x" * 100_000 + b"\r\nabc\r\n0\r\n\r\n"])
def test_chunks_that_are_none(server, chunks):
    with Raw(server, timeout=90) as raw:
        raw.send(b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        raw.socket.shutdown(socket.SHUT_WR)
        closed_or_refused(raw.answer())


def test_large_bodies_are_refused_before_they_are_sent(server):
    for length in (10 ** 9, 10 ** 12, 2 ** 63 - 1):
        for path in POSTS:
            with Raw(server, timeout=10) as raw:
                raw.post(path, b"", HEADERS if path == "/predict" else "", length=length)
                check_refused(raw.answer(), 413)


@pytest.mark.parametrize("length", [2 ** 63, 2 ** 64 + 2, 10 ** 30, -1, "5, 6", "x", ""])
def test_lengths_that_are_none(server, length):
    with Raw(server) as raw:
        raw.post("/v1/embeddings", b"", length=length)
        raw.socket.settimeout(5)
        try:
            closed_or_refused(raw.answer())
        except TimeoutError:
            pytest.fail("it waits for a body of no length")


@pytest.mark.parametrize("patient", [False, True])
def test_a_body_without_an_end_is_refused_and_cut_off(server, patient):
    """In chunks of 1 MB: refused soon, also where the client goes on sending, and not read for ever. Its memory is not
    kept."""
    before = server.memory()["resident"]
    part = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    with Raw(server) as raw:
        raw.send(b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        while sent < 1024 and (patient or not select.select([raw.socket], [], [], 0)[0]) and raw.send(part):
            sent += 1
        closed_or_refused(raw.answer())
    assert sent < (1024 if patient else 256), f"{sent} MB were taken"
    assert server.memory()["resident"] - before < 300e6


@pytest.mark.parametrize("head", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 50_000 + b"\r\n",
    b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA b: c\r\n\r\n", b"\0" * 5000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}   ",
    b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET"])
def test_heads_that_are_none(server, head):
    with Raw(server, timeout=90) as raw:
        raw.send(head)
        closed_or_refused(raw.answer())


def test_methods_that_are_not_served(http):
    for method, path in (("PUT", "/v1/embeddings"), ("DELETE", "/v1/indexes/photos"), ("PATCH", "/"), ("TRACE", "/"),
                         ("GET", "/predict"), ("POST", "/health"), ("CONNECT", "/")):
        assert http.request(method, path).status_code in (400, 404, 405, 501)


def test_fifty_requests_in_one_packet_are_answered_in_their_order(server):
    with Raw(server) as raw:
        raw.send(b"".join(b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in [b"ping", b"nothing-here"] * 25))
        assert [raw.answer()[0] for _ in range(50)] == [200, 404] * 25


# MARK: Paths

@pytest.mark.parametrize("path", [
    "/v1/indexes/{name}/thumbnails/../../../../../../etc/passwd", "/v1/indexes/{name}/thumbnails/..%2f..%2f..%2fetc%2fpasswd",
    "/v1/indexes/{name}/thumbnails/%2e%2e/%2e%2e/etc/passwd", "/v1/indexes/../../etc/thumbnails/1",
    "/v1/indexes/..%2f..%2fetc/thumbnails/1", "/v1/indexes/{name}/thumbnails/-1", "/v1/indexes/{name}/thumbnails/1%00.jpg",
    "/v1/indexes/{name}/thumbnails/99999999999999999999", "/v1/indexes/{name}/thumbnails/1e3",
    "/v1/indexes/{name}/thumbnails/0x1", "/v1/indexes/{name}/thumbnails/%ff", "/v1/indexes/{name}/thumbnails/1?size=7",
    "/v1/indexes/{name}/thumbnails/1?size=-160", "/v1/indexes/{name}/thumbnails/1?size=99999999999999999999",
    "/v1/indexes/{name}/thumbnails/1?size=320/../..", "/v1/indexes/{name}/pictures?ids=a", "/v1/indexes/{name}/pictures",
    "/v1/indexes/{name}/pictures?ids={many}", "/page/../../../etc/passwd", "/page/..%2f..%2f..%2fetc%2fpasswd",
    "/page/%2e%2e/index.html", "/page/....//....//etc/passwd", "/page/page.js%00.css", "/page//etc/passwd",
    "//etc/passwd", "/../../../etc/passwd", "/..%5c..%5cetc%5cpasswd"])
def test_paths_lead_nowhere_else(server, index, path):
    with Raw(server) as raw:
        raw.get(path.format(name=index["name"], many=",".join(map(str, range(2000)))))
        status, body = raw.answer()
    assert status in (400, 404, 414), (status, body[:200])
    assert b"root:" not in body and b"/etc/passwd:" not in body


# MARK: Slowness and crowds

def test_slow_clients_are_cut_off(server, request):
    """A head, a body, chunks, and silence, each bit by bit: all at once, and while others are served."""
    limit = request.config.getoption("--time-limit")
    starts = {
        "head": (b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n"),
        "body": (b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n", b" "),
        "chunks": (b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        "form": (f"POST /predict HTTP/1.1\r\nHost: localhost\r\n{HEADERS}Content-Length: 100000\r\n\r\n".encode(), b"-"),
        "silence": (b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n", b""),
        "nothing": (b"", b""),
    }

    def slow(start, drip):
        with Raw(server) as raw:
            raw.send(start)
            return raw.seconds_until_closed(drip, most=limit + 40)

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        # More of them than there are threads anywhere.
        running = {name: [pool.submit(slow, *start) for _ in range(3)] for name, start in starts.items()}
        time.sleep(1)
        assert server.get("/health")[0] == 200
        ended = {name: [one.result() for one in ones] for name, ones in running.items()}
    for name, ones in ended.items():
        for seconds, status in ones:
            assert seconds < limit + 30, f"{name}: open after {seconds} s, all: {ended}"
            assert status is None or status in (400, 408, 503, 504), (name, status)


def test_slow_readers_do_not_keep_others_out(server, index):
    """Hundreds of long answers that nobody takes."""
    body = json.dumps({"text": "a", "top": 10_000}).encode()
    raws = [Raw(server) for _ in range(100)]
    for raw in raws:
        for _ in range(20):
            raw.post("/v1/search", body)
    assert server.get("/health")[0] == 200
    for raw in raws:
        raw.socket.close()
    assert server.get("/health")[0] == 200


def test_clients_that_leave_at_once(server):
    body = json.dumps({"input": [f"a photo of a {number}" for number in range(64)]}).encode()
    for _ in range(100):
        with Raw(server) as raw:
            raw.post("/v1/embeddings", body)
    until = time.monotonic() + 60
    while json.loads(server.get("/health")[1])["queue"] > 0:
        assert time.monotonic() < until, "what nobody waits for is still computed after a minute"
        time.sleep(0.2)


def test_a_thousand_connections(server, model):
    """All open at once, then each with a request: answered or told to come back, none dropped."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    raws = [Raw(server, timeout=120) for _ in range(1000)]
    try:
        for number, raw in enumerate(raws):
            raw.post("/v1/embeddings", json.dumps({"model": model, "input": f"a photo of a {number}"}).encode())
        assert server.get("/health", timeout=60)[0] == 200
        statuses = [raw.answer()[0] for raw in raws]
    finally:
        for raw in raws:
            raw.socket.close()
    assert set(statuses) <= {200, 429, 503} and statuses.count(200) > 0, {one: statuses.count(one) for one in set(statuses)}


def test_many_pictures_at_once_are_answered_or_told_to_come_back(server, picture):
    with open(picture("cat.jpg"), "rb") as file:
        body = json.dumps({"modality": "image", "input": base64.b64encode(file.read()).decode()}).encode()
    raws = [Raw(server, timeout=120) for _ in range(400)]
    try:
        for raw in raws:
            raw.post("/v1/embeddings", body)
        statuses = [raw.answer()[0] for raw in raws]
    finally:
        for raw in raws:
            raw.socket.close()
    assert set(statuses) <= {200, 429, 503, 504} and 200 in statuses, {one: statuses.count(one) for one in set(statuses)}
