"""`/heartbeat/<key>/`: a sign of life by GET, HEAD or POST. Also by an integration's key, as Grafana OnCall has it:
`/integrations/<source>/<key>/heartbeat/`, followed by a name where the integration has several.
"""

from alerts.receiving.entrance import Answer, Entrance, Ping, Request, refusal


def _ping(path: str) -> Ping | None:
    """What the path pings; None where it does not."""
    first, *parts = [part for part in path.split("/") if part]
    if first == "heartbeat":
        return Ping(parts[0]) if len(parts) == 1 else None
    if len(parts) > 3 and parts[0] == "v1":
        parts = parts[1:]
    if len(parts) not in (3, 4) or parts[2] != "heartbeat":
        return None
    return Ping(parts[1], is_integration=True, name=parts[3] if len(parts) == 4 else "")


class Heartbeats(Entrance):
    slug = "heartbeats"
    prefixes = ("/heartbeat/", "/integrations/")
    reads_looks = True

    def takes(self, method: str, path: str) -> bool:
        """Whether the path ends in a key, or in `heartbeat` behind one."""
        return _ping(path) is not None

    def read(self, request: Request) -> Ping | Answer:
        """Key and name. What the body says does not matter."""
        return _ping(request.path) or refusal(404, "not_found", "There is nothing here.")


ENTRANCE = Heartbeats()
