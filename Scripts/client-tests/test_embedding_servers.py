"""Requests as infinity's and Jina's clients send them."""
import pytest
import requests

from asking import check_error, check_unit, cosine, data_address, floats


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_infinity_texts_and_pictures(server, model, index, picture, prefix):
    def ask(**body):
        answer = requests.post(f"{server.address}{prefix}/embeddings", json={
            "model": model, "encoding_format": "float", "user": "someone", "dimensions": 0, **body})
        assert answer.status_code == 200, answer.text
        return [entry["embedding"] for entry in answer.json()["data"]]
    texts = ask(input=["a cat", "  a cat "], modality="text")
    pictures = ask(input=[data_address(picture("cat.jpg")), data_address(picture("hen.jpg"))], modality="image")
    for vector in texts + pictures:
        check_unit(vector, index["dimension"])
    encoded = ask(input=data_address(picture("cat.jpg")), modality="image", encoding_format="base64")
    assert cosine(floats(encoded[0]), pictures[0]) > 0.9999


def test_infinity_without_a_model(server):
    for model in ({}, {"model": "default/not-specified"}):
        assert requests.post(server.address + "/embeddings", json={"input": ["a cat"], **model}).status_code == 200


def test_infinity_data_addresses_with_parameters(server, picture):
    address = data_address(picture("cat.jpg"))
    named = address.replace(";base64", ";name=cat.jpg;charset=utf-8;base64")
    vectors = [requests.post(server.address + "/embeddings", json={"input": [value], "modality": "image"}).json()
               for value in (address, named)]
    assert cosine(*(vector["data"][0]["embedding"] for vector in vectors)) > 0.9999


def test_infinity_models_and_health(server, model):
    entry = requests.get(server.address + "/models").json()["data"][0]
    assert entry["id"] == model and set(entry["capabilities"]) == {"text", "image"}
    health = requests.get(server.address + "/health")
    assert health.status_code == 200 and health.json()["unix"] > 0 and health.json()["status"] == "ok"


def test_jina_texts_and_pictures_in_one_list(server, http, model, index, picture):
    address = data_address(picture("cherry.png"), "image/png")
    answer = http.post("/v1/embeddings", json={
        "model": model, "normalized": True, "embedding_type": "float",
        "input": [{"text": "a cherry"}, {"image": address}, {"image": address.split(",")[1]}]})
    assert answer.status_code == 200, answer.text
    assert [entry["index"] for entry in answer.json()["data"]] == [0, 1, 2]
    vectors = [entry["embedding"] for entry in answer.json()["data"]]
    for vector in vectors:
        check_unit(vector, index["dimension"])
    assert cosine(vectors[1], vectors[2]) > 0.9999 > cosine(vectors[0], vectors[1])
    encoded = http.post("/v1/embeddings", json={"input": [{"text": "a cherry"}], "embedding_type": "base64"}).json()
    assert cosine(floats(encoded["data"][0]["embedding"]), vectors[0]) > 0.9999


@pytest.mark.parametrize("wrong", [
    {"input": [{"image": "http://example.com/cat.jpg"}]}, {"input": ["https://example.com/cat.jpg"], "modality": "image"},
    {"input": [{"sound": "x"}]}, {"input": [{}]}, {"input": {"text": None}}, {}])
def test_what_is_not_served_is_refused(http, wrong):
    check_error(http.post("/v1/embeddings", json=wrong), 400, 422)
