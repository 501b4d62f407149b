"""What several tests ask with, and what they hold answers against."""
import base64
import contextlib
import json
import math
import socket
import struct
import time


def data_address(path, kind="image/jpeg"):
    with open(path, "rb") as file:
        return f"data:{kind};base64,{base64.b64encode(file.read()).decode()}"


def floats(text):
    """Of base64 of little-endian float32."""
    data = base64.b64decode(text, validate=True)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def check_unit(vector, dimension=None):
    assert dimension is None or len(vector) == dimension
    assert all(math.isfinite(value) for value in vector)
    assert abs(sum(value * value for value in vector) - 1) < 1e-3


def cosine(left, right):
    return sum(a * b for a, b in zip(left, right, strict=True))


def check_error(response, *statuses):
    """An error in OpenAI's form, of one of these statuses; returns it."""
    assert response.status_code in statuses, (response.status_code, response.text[:500])
    error = strict(response.content)["error"]
    assert error["message"] and error["type"] and error["code"] and "param" in error
    if response.status_code in (429, 503):
        assert int(response.headers["Retry-After"]) > 0
    return error


def strict(content):
    """JSON without NaN and Infinity, which it does not have."""
    def refuse(name):
        raise AssertionError(f"the answer has {name}")
    return json.loads(content, parse_constant=refuse)


class Raw:
    """A connection without a client's good manners."""

    def __init__(self, server, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Whether the server still takes it."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def post(self, path, body, headers="Content-Type: application/json\r\n", length=None):
        size = len(body) if length is None else length
        return self.send(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {size}\r\n\r\n".encode()
                         + body)

    def get(self, path):
        return self.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def answer(self):
        """(status, body) of the next answer with a length; (None, what came) where the server closes before its end."""
        with contextlib.suppress(ConnectionError):
            while True:
                head, mark, rest = self.received.partition(b"\r\n\r\n")
                if mark:
                    lines = head.lower().split(b"\r\n")
                    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
                    if len(rest) >= length:
                        self.received = rest[length:]
                        return int(head[9:12]), rest[:length]
                data = self.socket.recv(1 << 16)
                if not data:
                    break
                self.received += data
        return None, self.received

    def seconds_until_closed(self, drip, every=0.5, most=60):
        """Sends `drip` bit by bit, also after an answer, until the server closes. Returns seconds (infinity where it does
        not in `most`), and the answer's status."""
        start, received = time.monotonic(), b""
        self.socket.settimeout(every)
        while (seconds := time.monotonic() - start) < most:
            try:
                self.socket.sendall(drip)
                data = self.socket.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                return seconds, int(received[9:12]) if received else None
            received += data
            time.sleep(every)
        return math.inf, int(received[9:12]) if received else None
