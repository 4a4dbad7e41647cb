"""Load on loopback, bounded in count and time: wrk for throughput, a paced sender for latency."""

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Throughput:
    """What wrk saw. Latencies in milliseconds."""

    per_second: float
    p50: float
    p95: float
    p99: float
    refused: int


SCRIPT = """
local number = {start}
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local name = "{name}-" .. tostring(math.random(1e9)) .. "-"
local function alert()
  number = number + 1
  return string.format('{{"status":"firing","labels":{{"alertname":"Bench","severity":"warning","instance":"%s%d",' ..
    '"service":"s1"}},"annotations":{{"summary":"Something is slow on %s%d","description":"{padding}"}},' ..
    '"startsAt":"2026-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00Z"}}', name, number, name, number)
end
function init(args) math.randomseed(os.time() + tonumber(tostring({{}}):sub(8), 16) % 100000) end
function request()
  local alerts = {{}}
  for place = 1, {alerts} do alerts[place] = alert() end
  return wrk.format(nil, nil, nil, '{{"version":"4","groupKey":"g","status":"firing","receiver":"bench",' ..
    '"groupLabels":{{}},"commonLabels":{{}},"commonAnnotations":{{}},"externalURL":"","alerts":[' ..
    table.concat(alerts, ",") .. ']}}')
end
function done(summary, latency, requests)
  print(string.format("FIGURES %f %f %f %f %d", summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def throughput(url: str, folder: Path, *, connections: int, seconds: int, alerts: int) -> Throughput:
    """POST Alertmanager bodies of so many alerts, each alert new, as fast as the connections allow."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("The benchmark needs wrk: apt-get install wrk")
    script = folder / f"load-{alerts}.lua"
    script.write_text(SCRIPT.format(start=0, name=f"c{connections}", alerts=alerts, padding="x" * 160))
    done = subprocess.run(
        [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(script), url],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=True,
    )
    found = re.search(r"FIGURES ([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) (\d+)", done.stdout)
    assert found, done.stdout
    rate, p50, p95, p99 = (float(found[place]) for place in range(1, 5))
    return Throughput(rate, p50, p95, p99, int(found[5]))


async def post_all(
    url: str, bodies: Sequence[bytes], *, connections: int, per_second: float | None = None
) -> list[float]:
    """POST every body once; the moment (monotonic seconds) each was begun.

    With `per_second` they start at even distances, whatever the answers take; without, as fast as they are answered.
    Raises AssertionError when one is not answered 202.
    """
    parts = urlsplit(url)
    began = [0.0] * len(bodies)
    places = iter(range(len(bodies)))
    first = time.monotonic()

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for place in places:
            if per_second:
                await asyncio.sleep(max(0.0, first + place / per_second - time.monotonic()))
            began[place] = time.monotonic()
            body = bodies[place]
            writer.write(
                f"POST {parts.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 202"), head
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            if length:
                await reader.readexactly(int(length[1]))
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return began
