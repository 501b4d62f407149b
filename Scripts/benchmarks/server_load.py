"""Clients for server_benchmark.py: connections that stay open, requests that are bytes beforehand, answers of which no
more is read than has to be, so that many of them cost less than what they ask for.

    python server_load.py PORT SIZE      # a server that does nothing: what these clients reach at most
"""
import asyncio
import collections
import sys
import time

import serving


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, one request at a time."""

    def __init__(self):
        self.received, self.waiting, self.transport = bytearray(), None, None

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, error):
        self.transport = None
        if self.waiting and not self.waiting.done():
            self.waiting.set_exception(error or ConnectionError("the server closed the connection"))

    def data_received(self, data):
        self.received += data
        answer = whole(self.received)
        if answer and self.waiting and not self.waiting.done():
            self.received = bytearray()
            if b"connection: close" in answer[1]:
                self.transport.close()
                self.transport = None
            self.waiting.set_result(answer)

    def ask(self, request):
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.waiting


def whole(received):
    """(status, head in lower case, body), or nothing while more is to come."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    place = head.find(b"\r\ncontent-length:")
    if place >= 0:
        length = int(head[place + 17:].split(b"\r\n", 1)[0])
        if len(received) < end + 4 + length:
            return None
    elif b"\r\ntransfer-encoding: chunked" in head and not received.endswith(b"\r\n0\r\n\r\n"):
        return None
    return int(head[9:12]), head, bytes(received[end + 4:])


class Client:
    """Asks over a connection of its own, a new one where the old one was closed."""

    def __init__(self, port):
        self.port, self.connection = port, None

    async def ask(self, request):
        if self.connection is None or self.connection.transport is None:
            _, self.connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self.port)
        return await self.connection.ask(request)

    def close(self):
        if self.connection and self.connection.transport:
            self.connection.transport.close()


class Record:
    """What came of requests."""

    def __init__(self):
        self.statuses, self.seconds, self.without_retry = collections.Counter(), collections.defaultdict(list), 0

    def add(self, status, seconds, head=b""):
        self.statuses[str(status)] += 1
        self.seconds[str(status)].append(seconds)
        if status in (429, 503) and b"\r\nretry-after:" not in head:
            self.without_retry += 1

    def summary(self, duration):
        done = self.seconds.get("200", [])
        milliseconds = {name: 1000 * serving.percentile(done, share) if done else None
                        for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99))}
        return {"per_second": len(done) / duration, **milliseconds, "statuses": dict(self.statuses)}


async def one(client, request, start, record):
    try:
        status, head, _ = await client.ask(request)
    except OSError as error:
        status, head = type(error).__name__, b""
        client.close()
    record.add(status, time.perf_counter() - start, head)


async def closed(port, make, clients, seconds, record):
    """Each client asks again as soon as it is answered. What ends after the time is not counted."""
    stop = time.perf_counter() + seconds

    async def go():
        client = Client(port)
        while (start := time.perf_counter()) < stop:
            mine = Record()
            await one(client, make(), start, mine)
            if time.perf_counter() < stop:
                for status, values in mine.seconds.items():
                    record.statuses[status] += 1
                    record.seconds[status] += values
        client.close()

    await asyncio.gather(*(go() for _ in range(clients)))


def run_closed(port, make, clients, seconds):
    """`make` returns the next request's bytes. Rate, latencies, statuses, and this process's share of a core."""
    record, start, processor = Record(), time.perf_counter(), time.process_time()
    asyncio.run(closed(port, make, clients, seconds, record))
    share = (time.process_time() - processor) / (time.perf_counter() - start)
    return {**record.summary(seconds), "client_cores": share}


async def open_loop(port, make, rate, seconds, most, each_second):
    """Asks at a rate, whatever is answered, with at most `most` requests on their way; those beyond are counted and not
    sent. A latency counts from the moment at which its request was due. Returns the record of all, and what was unsent."""
    total, now, idle, busy, watching, unsent = Record(), Record(), [], set(), set(), 0
    start = time.perf_counter()
    due, second = 0, 1

    async def ask(client, at):
        mine = Record()
        await one(client, make(), at, mine)
        for record in (total, now):
            record.without_retry += mine.without_retry
            for status, values in mine.seconds.items():
                record.statuses[status] += 1
                record.seconds[status] += values
        idle.append(client)

    while (past := time.perf_counter() - start) < seconds:
        while due < past * rate:
            if len(busy) < most:
                task = asyncio.ensure_future(ask(idle.pop() if idle else Client(port), start + due / rate))
                busy.add(task)
                task.add_done_callback(busy.discard)
            else:
                unsent += 1
            due += 1
        if past >= second:
            # Beside the requests: who watches may wait for an answer too.
            watching.add(asyncio.ensure_future(each_second(second, now.summary(1), len(busy))))
            now.__init__()
            second += 1
        await asyncio.sleep(0.005)
    if busy:
        await asyncio.wait(busy, timeout=120)
    lost = sum(not task.done() for task in busy)
    for task in busy:
        task.cancel()
    for client in idle:
        client.close()
    await asyncio.gather(*watching)
    return total, unsent, lost


class Null(asyncio.Protocol):
    """Answers every request with the same bytes."""
    answer = b""

    def connection_made(self, transport):
        self.transport, self.received = transport, bytearray()

    def data_received(self, data):
        self.received += data
        if whole(b"HTTP/1.1 200" + self.received):
            self.received = bytearray()
            self.transport.write(self.answer)


async def null(port, size):
    Null.answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size
    server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(null(int(sys.argv[1]), int(sys.argv[2])))
