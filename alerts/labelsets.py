"""What the Alertmanager family shares: alerts that are label sets. Pure."""

from alerts.source import Json

_OFFSET = 14695981039346656037
_PRIME = 1099511628211
_MASK = 0xFFFFFFFFFFFFFFFF


def fingerprint(labels: dict[str, str]) -> str:
    """The fingerprint Alertmanager gives a label set: FNV-1a over sorted names and values, each ended by 0xff.

    The same alert has the same identity whether or not its sender includes it (prometheus/common, labelset.go).
    """
    total = _OFFSET
    for name in sorted(labels):
        for byte in b"%b\xff%b\xff" % (name.encode(), labels[name].encode()):
            total = ((total ^ byte) * _PRIME) & _MASK
    return f"{total:016x}"


def is_zero_time(value: Json) -> bool:
    """Whether it is Go's zero time, which stands for "has not ended"."""
    return not isinstance(value, str) or value.startswith("0001-")
