"""clip-retrieval's client, and what its page asks."""
import base64
import importlib.util
import io
import os

import pytest
import requests
from PIL import Image

from asking import data_address, strict


@pytest.fixture(scope="module")
def retrieval():
    """The module alone: the package around it imports all that building an index needs."""
    folder = importlib.util.find_spec("clip_retrieval").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("clip_client", os.path.join(folder, "clip_client.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def client(retrieval, server, index):
    def make(**options):
        options = {"modality": retrieval.Modality.IMAGE, **options}
        return retrieval.ClipClient(url=server.address + "/knn-service", indice_name=index["name"], **options)
    return make


def check(results, count):
    assert len(results) == count
    similarities = [result["similarity"] for result in results]
    assert similarities == sorted(similarities, reverse=True) and all(-1.01 <= value <= 1.01 for value in similarities)
    assert len({result["id"] for result in results}) == count
    for result in results:
        assert isinstance(result["id"], int) and os.path.isfile(result["image_path"])
        Image.open(io.BytesIO(base64.b64decode(result["image"], validate=True))).load()


def test_by_text(client, index):
    check(client(num_images=3).query(text="a cat"), 3)
    check(client(num_images=40, deduplicate=False).query(text="a cat"), min(40, index["pictures"]))


def test_by_a_picture_file_finds_it_first(client, picture):
    results = client(num_images=5).query(image=picture("ladybug.jpg"))
    check(results, 5)
    assert results[0]["image_path"].endswith("ladybug.jpg") and results[0]["similarity"] > 0.99


def test_by_a_vector_is_what_the_text_finds(client, http, model):
    vector = http.post("/v1/embeddings", json={"model": model, "input": "a bicycle"}).json()["data"][0]["embedding"]
    by_vector, by_text = (client(num_images=6).query(**query) for query in (
        {"embedding_input": vector}, {"text": "a bicycle"}))
    assert [result["id"] for result in by_vector] == [result["id"] for result in by_text]
    assert abs(by_vector[0]["similarity"] - by_text[0]["similarity"]) < 1e-3


@pytest.mark.parametrize("flags", [
    {"use_safety_model": False, "use_violence_detector": False}, {"deduplicate": False}, {"use_mclip": True},
    {"aesthetic_score": 5, "aesthetic_weight": 0.1}, {"aesthetic_score": "", "aesthetic_weight": ""}])
def test_flags_are_taken(client, flags):
    check(client(num_images=4, **flags).query(text="a hen"), 4)


def test_a_picture_by_address_is_refused_where_addresses_are(client):
    answer = client().query(image="http://127.0.0.1:9/picture.jpg")
    assert "message" in answer["error"]


def test_what_the_page_asks(server, index):
    """Its front end sends no Content-Type of JSON, three thousand ids, and asks for their metadata later."""
    body = ('{"text":"a cat","image":null,"image_url":null,"embedding_input":null,"modality":"image","num_images":2,'
            f'"indice_name":"{index["name"]}","num_result_ids":3000,"use_mclip":false,"deduplicate":true,'
            '"use_safety_model":true,"use_violence_detector":true,"aesthetic_score":"9","aesthetic_weight":"0.5"}')
    answer = requests.post(server.address + "/knn-service", data=body, headers={"Content-Type": "text/plain;charset=UTF-8"})
    results = strict(answer.content)
    assert 2 < len(results) <= index["pictures"] and "image_path" in results[1] and set(results[2]) == {"id", "similarity"}
    ids = [result["id"] for result in results[2:]]
    answer = requests.post(server.address + "/metadata", json={"indice_name": index["name"], "ids": ids})
    assert [entry["id"] for entry in answer.json()] == ids
    assert all(os.path.isfile(entry["metadata"]["image_path"]) for entry in answer.json())
    assert requests.post(server.address + "/metadata", json={"indice_name": index["name"], "ids": []}).json() == []
    assert index["name"] in requests.get(server.address + "/indices-list").json()


@pytest.mark.parametrize("missing", ["modality", "num_images", "indice_name"])
def test_what_is_missing_is_named(server, index, missing):
    asked = {"text": "a cat", "modality": "image", "num_images": 2, "indice_name": index["name"]}
    del asked[missing]
    answer = requests.post(server.address + "/knn-service", json=asked)
    assert answer.status_code == 400 and missing in answer.json()["error"]["message"]


def test_an_unknown_index_is_not_found(client, picture, retrieval, server):
    client = retrieval.ClipClient(url=server.address + "/knn-service", indice_name="laion5B")
    assert "laion5B" in client.query(text="a cat")["error"]["message"]


def test_the_first_of_several_queries_counts(server, index, picture):
    """text before image before embedding_input; an empty text is none."""
    def ask(**query):
        return requests.post(server.address + "/knn-service", json={
            "modality": "image", "num_images": 3, "indice_name": index["name"], **query}).json()
    image = data_address(picture("orca.jpg")).split(",")[1]
    assert ask(text="", image=image)[0]["image_path"].endswith("orca.jpg")
    both, text = ask(text="a hen", image=image), ask(text="a hen")
    assert [result["id"] for result in both] == [result["id"] for result in text]
