"""Opsgenie's Heartbeat API, for jobs that only change the host name: `/v2/heartbeats/<name>/ping` by any method.

The key of the integration stands in `Authorization: GenieKey <key>`. Making and changing heartbeats is answered by
`alerts.opsgenie.heartbeats`.
"""

import uuid

from alerts.receiving.entrance import Answer, DropIn, Entrance, Ping, Request, as_json
from alerts.receiving.entrances.opsgenie import failed

HEARTBEATS = "/v2/heartbeats"
_PING = "/ping"


class OpsGenieHeartbeats(Entrance):
    slug = "opsgenie_heartbeats"
    prefixes = (f"{HEARTBEATS}/",)
    methods = frozenset({"POST", "PUT", "PATCH"})
    reads_looks = True
    replaces = "Opsgenie"
    calls = (
        DropIn("GET, POST, PUT, PATCH", f"{HEARTBEATS}/<name>/ping", "A sign of life"),
        DropIn("GET", HEARTBEATS, "The integration's heartbeats"),
        DropIn("POST", HEARTBEATS, "Makes one"),
        DropIn("GET, PATCH, DELETE", f"{HEARTBEATS}/<name>", "Reads, changes or deletes one"),
        DropIn("POST", f"{HEARTBEATS}/<name>/enable", "Expects it again"),
        DropIn("POST", f"{HEARTBEATS}/<name>/disable", "Expects nothing of it"),
    )

    def takes(self, method: str, path: str) -> bool:
        """Pings, and nothing else."""
        return path.removesuffix("/").endswith(_PING) and bool(_name(path))

    def read(self, request: Request) -> Ping | Answer:
        """The key, and the name of the path."""
        scheme, _, key = request.header(b"authorization").partition(" ")
        if scheme.lower() != "geniekey" or not key.strip():
            return failed(401, "Send the integration's key as “Authorization: GenieKey <key>”.")
        return Ping(key.strip(), is_integration=True, name=_name(request.path))

    def pinged(self, ping: Ping) -> Answer:
        """As the vendor answers."""
        number = str(uuid.uuid4())
        content = {"result": "PONG - Heartbeat received", "took": 0.001, "requestId": number}
        return as_json(
            202, content, ("x-request-id", number), ("x-response-time", "0.001"), ("x-ratelimit-state", "OK")
        )

    def no_heartbeat(self, ping: Ping) -> Answer:
        """Final for the vendor's clients."""
        return failed(404, f"No heartbeat is called “{ping.name}” in the integration of this key. Make it in Tocsin.")

    def unavailable(self, retry_after: int) -> Answer:
        """Its clients repeat on 5xx."""
        return failed(503, "This could not be stored just now. Send it again.", ("retry-after", str(retry_after)))


def _name(path: str) -> str:
    return path.removesuffix("/").removeprefix(f"{HEARTBEATS}/").removesuffix(_PING)


ENTRANCE = OpsGenieHeartbeats()
