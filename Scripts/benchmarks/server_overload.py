"""What server_benchmark.py --overload does: twice what a server can do, for a while, and what becomes of it."""
import asyncio
import http.client
import json
import os
import resource
import time

import server_load
import serving


def health(server):
    """Status and seconds of GET /health, over a connection of its own."""
    start = time.perf_counter()
    try:
        status = server.get("/health", timeout=10)[0]
    except (OSError, http.client.HTTPException) as error:
        status = type(error).__name__
    return status, time.perf_counter() - start


def is_flat(values):
    """Whether the last third's mean is within 2 % or 16 MB of the middle third's."""
    third = len(values) // 3
    if not third:
        return None, None, None
    middle, last = (sum(part) / len(part) for part in (values[third:2 * third], values[-third:]))
    return last - middle < max(0.02 * middle, 16e6), middle, last


def run(options, server, loads):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, options.in_flight + 256)), hard))
    server_load.run_closed(server.port, loads.mixed, 32, options.warm_up)
    calm = server_load.run_closed(server.port, loads.mixed, 32, options.seconds)
    rate = 2 * calm["per_second"]
    resident, checks, path = [], [], os.path.join(options.output, "overload.jsonl")
    with open(path, "w") as file:
        async def each_second(second, report, in_flight):
            memory = server.memory()
            resident.append(memory["resident"])
            status, seconds = await asyncio.get_running_loop().run_in_executor(None, health, server)
            checks.append((status, seconds))
            line = {"second": second, **report, "in_flight": in_flight, "resident": memory["resident"],
                    "health": status, "health_ms": 1000 * seconds}
            file.write(json.dumps(line) + "\n")
            file.flush()
        total, unsent, lost = asyncio.run(server_load.open_loop(
            server.port, loads.mixed, rate, options.overload, options.in_flight, each_second))
    after = server_load.run_closed(server.port, loads.mixed, 1, 5)
    flat, middle, last = is_flat(resident)
    refused = [value for status in ("429", "503") for value in total.seconds.get(status, [])]
    report = {
        "calm": calm, "asked_per_second": rate, "seconds": options.overload, **total.summary(options.overload),
        "share_of_calm": total.summary(options.overload)["per_second"] / calm["per_second"],
        "refusals_p50_ms": 1000 * serving.percentile(refused, 0.5) if refused else None,
        "refusals_p99_ms": 1000 * serving.percentile(refused, 0.99) if refused else None,
        "refusals_without_retry_after": total.without_retry, "unsent": unsent, "never_answered": lost,
        "health": {"not_200": sum(status != 200 for status, _ in checks),
                   "p99_ms": 1000 * serving.percentile([seconds for _, seconds in checks], 0.99) if checks else None},
        "resident_middle_third": middle, "resident_last_third": last, "memory_is_flat": flat, "afterwards": after}
    with open(os.path.join(options.output, "overload.json"), "w") as file:
        json.dump(report, file, indent=2)
    print(json.dumps(report, indent=2))
