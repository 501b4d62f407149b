"""Requests made of /openapi.json by schemathesis, right and wrong ones: nothing but 429 and 503 of the five hundreds, and
each answer as the document says."""
import json
import os
import re
import subprocess
import sys

from asking import strict

CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance")
METHODS = {"get", "post", "put", "delete", "head", "options", "patch"}
PROMISED = {
    "/v1/embeddings", "/v1/search", "/v1/classify", "/v1/rank", "/v1/models", "/v1/indexes", "/v1/indexes/{name}/pictures",
    "/v1/indexes/{name}/folders", "/v1/indexes/{name}/thumbnails/{id}", "/health", "/metrics", "/indices-list",
    "/knn-service", "/metadata", "/ping", "/predict"}


def document(server):
    return strict(server.get("/openapi.json")[1])


def test_the_document_names_all_that_is_served(server):
    found = document(server)
    assert found["openapi"].startswith("3.1") and not PROMISED - set(found["paths"])


def knowing(part, known):
    """The same document, but whoever makes requests of it tries the names that there are about every second time."""
    if isinstance(part, list):
        return [knowing(one, known) for one in part]
    if not isinstance(part, dict):
        return part
    part = {name: knowing(value, known) for name, value in part.items()}
    if isinstance(part.get("properties"), dict):
        part["properties"] = {name: either(name, schema, known) for name, schema in part["properties"].items()}
    if part.get("in") in ("path", "query") and "schema" in part:
        part["schema"] = either(part["name"], part["schema"], known)
    return part


def either(name, schema, known):
    return {"anyOf": [{"const": known[name]}, schema]} if name in known else schema


def test_answers_are_as_the_document_says(server, request, tmp_path, model, index, http):
    picture = http.post("/v1/search", json={"text": "a cat", "top": 1}).json()["results"][0]["id"]
    found = document(server)
    known = {"name": index["name"], "indice_name": index["name"], "index": index["name"], "model": model, "id": picture}
    (tmp_path / "openapi.json").write_text(json.dumps(knowing(found, known)))
    operations = [operation for methods in found["paths"].values() for method, operation in methods.items()
                  if method in METHODS and ("requestBody" in operation or "parameters" in operation)]
    wanted = 10_000 if request.config.getoption("--fuzz") else 400
    # A queue that is full is no fault.
    (tmp_path / "schemathesis.toml").write_text(
        '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", 503]\n'
        '[phases.stateful]\nenabled = false\n')
    program = os.path.join(os.path.dirname(sys.executable), "st")
    ended = subprocess.run(
        [program, "--config-file", str(tmp_path / "schemathesis.toml"), "run", str(tmp_path / "openapi.json"),
         "--url", server.address, "--checks", ",".join(CHECKS), "--seed", "1", "--continue-on-failure",
         "--max-examples", str(-(-5 * wanted // (4 * len(operations)))), "--request-timeout", "60", "--no-color",
         "--suppress-health-check", "all", "--warnings", "off", "--generation-database", "none"],
        capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr[-2000:]
    made = int(re.search(r"(\d+) generated", ended.stdout.replace(",", "")).group(1))
    assert made >= wanted, f"{made} requests were made"
