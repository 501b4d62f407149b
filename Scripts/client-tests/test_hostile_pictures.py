"""Pictures that are tiny, damaged, or much larger than they look: refused or answered, never more."""
import base64
import concurrent.futures
import os
import socket

import httpx
import pytest

import hostile
from asking import check_error, check_unit

BOMBS = hostile.bombs()


def ask(http, data):
    return http.post("/v1/embeddings", json={"modality": "image", "input": base64.b64encode(data).decode()})


def check_answered(http, index):
    """Others are still served."""
    answer = http.post("/v1/embeddings", json={"input": "a cat"})
    assert answer.status_code == 200
    check_unit(answer.json()["data"][0]["embedding"], index["dimension"])


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 2), (3, 5), (100, 1)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_tiny_pictures_have_vectors(http, index, kind, size):
    answer = ask(http, hostile.small(kind, size))
    assert answer.status_code == 200, answer.text
    check_unit(answer.json()["data"][0]["embedding"], index["dimension"])
    check_answered(http, index)


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (1, 60_000)])
def test_thin_pictures_are_answered_or_refused(http, index, size):
    answer = ask(http, hostile.small("PNG", size))
    assert answer.status_code == 200 or check_error(answer, 400, 413, 422)
    check_answered(http, index)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_tiny_pictures_of_other_kinds_have_vectors(http, index, mode):
    answer = ask(http, hostile.small("PNG", (1, 1), mode))
    assert answer.status_code == 200, answer.text
    check_unit(answer.json()["data"][0]["embedding"], index["dimension"])


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_or_answered(server, http, index, name):
    answer = ask(http, BOMBS[name])
    if answer.status_code == 200:
        check_unit(answer.json()["data"][0]["embedding"], index["dimension"])
    else:
        check_error(answer, 400, 413, 422)
    check_answered(http, index)


def test_many_bombs_at_once_do_not_keep_others_out(server, http, index, request):
    """Ten at a time, each of which may take the most that one picture is allowed."""
    names = ["png, 1 bit, whole", "png, gray, whole", "gif, many frames", "tiff, the same strip many times"] * 3

    def go(name):
        with httpx.Client(base_url=server.address, timeout=300) as client:
            return ask(client, BOMBS[name])

    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        answers = [pool.submit(go, name) for name in names]
        check_answered(http, index)
        for answer in answers:
            assert answer.result().status_code in (200, 400, 413, 422, 429, 503, 504), answer.result().text
    check_answered(http, index)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_pictures_that_end_early(http, kind):
    whole = hostile.small(kind, (64, 64))
    for share in (0.1, 0.5, 0.9):
        answer = ask(http, whole[:int(share * len(whole))])
        assert answer.status_code == 200 or check_error(answer, 400, 413, 422)


@pytest.mark.parametrize("data", [
    b"\0", b"no picture at all", os.urandom(5000), b"%PDF-1.4", b"\x7fELF" + bytes(100), b"MZ" + bytes(100),
    b"PK\x03\x04" + bytes(100), b"#!/bin/sh\nexit", b"<html></html>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a"])
def test_what_is_no_picture_is_refused(http, data):
    check_error(ask(http, data), 400, 413, 422)


@pytest.mark.parametrize("text", [
    "/etc/passwd", "file:///etc/passwd", "../../../etc/passwd", "data:text/html;base64,PGI+", "data:image/png;base64,$$$$",
    "data:image/png", "data:,", "data:image/png;base64," + "=" * 50, "ftp://127.0.0.1/a.png", "gopher://127.0.0.1/1"])
def test_names_of_files_and_addresses_are_no_pictures(http, text):
    for body in ({"modality": "image", "input": text}, {"input": [{"image": text}]}):
        answer = http.post("/v1/embeddings", json=body)
        check_error(answer, 400, 422)
        assert "root:" not in answer.text


def test_addresses_are_not_fetched(http, index, picture):
    """A listener on this machine is never called."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/cat.jpg"
        check_error(http.post("/v1/embeddings", json={"modality": "image", "input": address}), 400)
        check_error(http.post("/v1/search", json={"image": address}), 400)
        check_error(http.post("/v1/classify", json={"image": address, "labels": ["a", "b"]}), 400)
        check_error(http.post("/knn-service", json={
            "image_url": address, "modality": "image", "num_images": 1, "indice_name": index["name"]}), 400)
        with pytest.raises(TimeoutError):
            listener.accept()
