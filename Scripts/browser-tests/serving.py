"""Starts `clip serve` over an index of the pictures in Demo/, in a folder of its own, and stops it again."""

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "Demo/pictures"
CLIP = Path(os.environ.get("CLIP", ROOT / "bin/clip"))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_healthy(url, process, log, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"clip serve ended with {process.returncode}:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(f"{url}health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"clip serve did not answer within {seconds} s:\n{log.read_text()}")


@contextlib.contextmanager
def server(*options):
    """The address of a server that lives as long as the block."""
    if not CLIP.exists():
        raise RuntimeError(f"{CLIP} is missing: run `make build`, or name another in CLIP")
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        subprocess.run(
            [CLIP, "index", "add", DEMO, "--index", index, "--json"], check=True, stdout=subprocess.DEVNULL)
        port = free_port()
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [CLIP, "serve", "--index", index, "--port", str(port), *options], stdout=output, stderr=output)
        try:
            url = f"http://127.0.0.1:{port}/"
            wait_until_healthy(url, process, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
