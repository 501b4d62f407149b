"""After everything else (conftest.py puts it last): the server is as it was."""
import json
import os

from asking import check_unit


def test_it_is_well(server):
    status, body = server.get("/health")
    health = json.loads(body)
    assert status == 200 and health["status"] == "ok" and health["queue"] == 0


def test_it_answers_as_before(server, http, index, picture):
    results = http.post("/v1/search", json={"text": "a cat", "top": 5}).json()["results"]
    assert len(results) == 5 and all(os.path.isfile(result["image"]) for result in results)
    check_unit(http.post("/v1/embeddings", json={"input": "a cat"}).json()["data"][0]["embedding"], index["dimension"])
    thumbnail = http.get(f"/v1/indexes/{index['name']}/thumbnails/{results[0]['id']}?size=320")
    assert thumbnail.status_code == 200 and thumbnail.headers["Content-Type"].startswith("image/")


def test_it_holds_little_memory_and_few_files(server, request):
    memory = {name: value / 1e6 for name, value in server.memory().items()}
    files = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    assert memory["resident"] < request.config.getoption("--memory"), memory
    assert memory["peak"] < request.config.getoption("--peak"), memory
    assert files < 200, f"{files} files are open"
