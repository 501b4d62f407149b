"""OpenAI's own Python client."""
import base64

import openai
import pytest

from asking import check_unit, cosine, data_address, floats


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=server.address + "/v1", api_key="none", max_retries=0, timeout=120) as client:
        yield client


def test_one_text(client, model, index):
    answer = client.embeddings.create(model=model, input="a cat on a sofa")
    assert answer.object == "list" and answer.model == model and answer.usage.prompt_tokens > 0
    assert [entry.index for entry in answer.data] == [0] and answer.data[0].object == "embedding"
    # The client asks for base64 and decodes it.
    check_unit(answer.data[0].embedding, index["dimension"])


def test_a_list_keeps_its_order_and_is_what_each_text_is_alone(client, model):
    texts = [f"a photo of a {name}" for name in ("cat", "dog", "hen", "cherry", "bicycle")] + ["猫", "a cat 🐈"]
    answer = client.embeddings.create(model=model, input=texts)
    assert [entry.index for entry in answer.data] == list(range(len(texts)))
    for text, entry in zip(texts, answer.data):
        alone = client.embeddings.create(model=model, input=text).data[0].embedding
        assert cosine(alone, entry.embedding) > 0.9999


def test_floats_and_base64_are_the_same_numbers(client, model):
    floating = client.embeddings.create(model=model, input="a hen", encoding_format="float").data[0].embedding
    raw = client.embeddings.with_raw_response.create(model=model, input="a hen", encoding_format="base64")
    assert isinstance(raw.http_response.json()["data"][0]["embedding"], str)
    encoded = floats(raw.http_response.json()["data"][0]["embedding"])
    assert max(abs(left - right) for left, right in zip(floating, encoded, strict=True)) < 1e-6


def test_pictures_by_data_addresses(client, model, index, picture):
    answer = client.embeddings.create(model=model, input=[
        data_address(picture("cat.jpg")), data_address(picture("cherry.png"), "image/png"), "a cherry"])
    vectors = [entry.embedding for entry in answer.data]
    for vector in vectors:
        check_unit(vector, index["dimension"])
    assert cosine(vectors[1], vectors[2]) > cosine(vectors[0], vectors[2])
    alone = client.embeddings.create(model=model, input=data_address(picture("cat.jpg"))).data[0].embedding
    assert cosine(alone, vectors[0]) > 0.9999


def test_pictures_by_modality(client, model, picture):
    with open(picture("cat.jpg"), "rb") as file:
        bare = base64.b64encode(file.read()).decode()
    answer = client.embeddings.create(model=model, input=[bare], extra_body={"modality": "image"})
    other = client.embeddings.create(model=model, input=data_address(picture("cat.jpg")))
    assert cosine(answer.data[0].embedding, other.data[0].embedding) > 0.9999


def test_another_model_is_an_error_that_says_so(client, model):
    with pytest.raises((openai.NotFoundError, openai.BadRequestError)) as raised:
        client.embeddings.create(model="text-embedding-3-small", input="a cat")
    assert "text-embedding-3-small" in raised.value.message and model in raised.value.message
    assert raised.value.code == "model_not_found"


@pytest.mark.parametrize("wrong", [
    {"input": []}, {"input": ""}, {"input": [""]}, {"input": [1, 2, 3]}, {"input": [[1, 2], [3]]},
    {"input": "a", "dimensions": 7}, {"input": "a", "encoding_format": "hex"}, {"input": "data:image/png;base64,AAAA"},
    {"input": "data:image/png;base64,"}, {"input": ["a"] * 100_000}, {"input": "a", "extra_body": {"modality": "audio"}}])
def test_wrong_requests_are_bad_requests(client, model, wrong):
    with pytest.raises((openai.BadRequestError, openai.UnprocessableEntityError, openai.APIStatusError)) as raised:
        client.embeddings.create(model=model, **wrong)
    assert raised.value.status_code in (400, 413, 422) and raised.value.message


def test_models(client, model):
    models = client.models.list().data
    assert [entry.id for entry in models] == [model] and models[0].object == "model" and models[0].owned_by
    assert client.models.retrieve(model).id == model
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("text-embedding-3-small")
