"""`POST /integrations/<source>/<key>/`: the key stands in the URL, or in a header where the sender can set one.

Who can only GET, as some watchers of web sites, sends with a query: that is the message. Without one it is somebody who
looks at the address in a browser.

The key decides the integration, and the integration the reader, even where the URL names another source.
"""

from alerts.receiving.entrance import Answer, Entrance, Message, Request, refusal

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part][1:]


class ByUrl(Entrance):
    slug = "by_url"
    prefixes = ("/integrations/",)
    reads_looks = True

    def takes(self, method: str, path: str) -> bool:
        """With a key in the path; without one only what is sent, not what is looked at."""
        found = len(_parts(path))
        return found == 2 or (found == 1 and method not in _READS)

    def read(self, request: Request) -> Message | Answer:
        """The key of the path, else of `Authorization: Bearer`."""
        if request.method == "HEAD" or (request.method == "GET" and not (request.query or request.body)):
            return self.help(request)
        parts = _parts(request.path)
        if len(parts) == 2:
            return Message(key=parts[1])
        scheme, _, key = request.header(b"authorization").partition(" ")
        if scheme.lower() == "bearer" and key.strip():
            return Message(key=key.strip())
        return refusal(
            403,
            "no_key",
            "The key is missing. Send it as the last part of the address, or as “Authorization: Bearer <key>”.",
        )


ENTRANCE = ByUrl()
