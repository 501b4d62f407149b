"""Starts servers as processes of their own and watches them: what the benchmarks of search and of the server, and the
tests with real clients, have in common. Nothing but Python's own library.
"""
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time


def free_port():
    with contextlib.closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def clip_command(clip, port, model=None, index=None, more=()):
    """How `clip serve` is asked for: the one place that knows its options."""
    command = [clip, "serve", "--host", "127.0.0.1", "--port", str(port)]
    if model:
        command += ["--model", model]
    if index:
        command += ["--index", index]
    return command + list(more)


def import_command(clip, vectors, rows, model, index):
    """How an index is made of vectors that are there: the one place that knows its options."""
    return [clip, "index", "import", vectors, "--rows", rows, "--model", model, "--index", index]


class Server:
    """A server process, from its start to its end; `with` ends it. `ready` is a path that is answered with 200 once it
    takes requests. Its output goes to the file `log`."""

    def __init__(self, command, port, ready="/health", log=None, environment=None, patience=600):
        self.port, self.command, self.log = port, command, log
        self.address = f"http://127.0.0.1:{port}"
        self.started = time.perf_counter()
        with open(log or os.devnull, "wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(environment or {})}, start_new_session=True)
        try:
            self._wait(ready, patience)
        except BaseException:
            self.stop()
            raise
        self.seconds_to_start = time.perf_counter() - self.started

    def _wait(self, path, patience):
        while time.perf_counter() - self.started < patience:
            if self.process.poll() is not None:
                sys.exit(f"{' '.join(self.command)}\nended with code {self.process.returncode} before it answered:\n"
                         f"{self.end_of_log()}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get(path)[0] == 200:
                    return
            time.sleep(0.02)
        sys.exit(f"{' '.join(self.command)}\ndid not answer {path} in {patience} seconds:\n{self.end_of_log()}")

    def get(self, path, timeout=10):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def end_of_log(self, size=3000):
        if not self.log:
            return ""
        with open(self.log, "rb") as file:
            file.seek(max(0, os.path.getsize(self.log) - size))
            return file.read().decode(errors="replace")

    def memory(self):
        return memory(self.process.pid)

    def processor_seconds(self):
        """Of all threads, user and system."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, patience=30):
        """Asks it to end, as an operator would; kills it where it does not. Returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def memory(process="self"):
    """Resident bytes of a process: in all, its own (anonymous), and pages of files that it has mapped."""
    found = {}
    with open(f"/proc/{process}/status") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name in ("VmRSS", "RssAnon", "RssFile", "VmHWM"):
                found[name] = int(value.split()[0]) * 1024
    return {"resident": found["VmRSS"], "own": found["RssAnon"], "mapped": found["RssFile"], "peak": found["VmHWM"]}


def percentile(values, share):
    """The smallest value that at least `share` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))] if ordered else None
