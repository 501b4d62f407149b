"""The server that all tests ask, over an index of Demo/pictures."""
import json
import os
import subprocess
import sys

import httpx
import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(ROOT, "Scripts", "benchmarks"))
import serving  # noqa: E402

PICTURES = os.path.join(ROOT, "Demo", "pictures")


def pytest_addoption(parser):
    parser.addoption("--clip", default=os.path.join(ROOT, "bin", "clip"))
    parser.addoption("--model", help="a name or directory (default: the bundled one)")
    parser.addoption("--fuzz", action="store_true", help="ten thousand requests made of /openapi.json")
    parser.addoption("--time-limit", type=float, default=8, help="seconds that the server gives a request")
    parser.addoption("--memory", type=int, default=1500, help="MB that the server may hold at the end")
    parser.addoption("--peak", type=int, default=4000, help="MB that the server may hold at its most")


def pytest_collection_modifyitems(items):
    # What the server is like after everything else.
    items.sort(key=lambda item: item.path.name == "test_survival.py")


@pytest.fixture(scope="session")
def server(request, tmp_path_factory):
    option = request.config.getoption
    clip, model, folder = os.path.abspath(option("--clip")), option("--model"), tmp_path_factory.mktemp("served")
    index = str(folder / "photos")
    named = ["--model", model] if model else []
    subprocess.run([clip, "index", "add", PICTURES, "--index", index, *named, "--json"], check=True, capture_output=True)
    port = serving.free_port()
    command = serving.clip_command(clip, port, model, index, ["--time-limit", str(option("--time-limit"))])
    with serving.Server(command, port, log=str(folder / "log.txt")) as running:
        yield running
    assert running.process.returncode == 0, f"it ended with code {running.process.returncode}:\n{running.end_of_log()}"


@pytest.fixture(scope="session")
def http(server):
    with httpx.Client(base_url=server.address, timeout=120) as client:
        yield client


@pytest.fixture(scope="session")
def model(server):
    """What the server calls its model."""
    return json.loads(server.get("/v1/models")[1])["data"][0]["id"]


@pytest.fixture(scope="session")
def index(server):
    """The index's name, its pictures' number and their vectors' size."""
    return json.loads(server.get("/v1/indexes")[1])["indexes"][0]


@pytest.fixture(scope="session")
def picture():
    """Path of a file of Demo/pictures, by its name."""
    return lambda name: os.path.join(PICTURES, name)
