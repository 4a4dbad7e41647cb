"""What to do about a message in quarantine, by the named reason. Pure."""

_WRONG_KIND = (
    "Is it sent by what the integration's source says? If not, choose that source, or “Anything else”, in the admin."
)
_PROOF = "Compare the integration's secret with what its sender uses; if nobody of yours sent it, dismiss it."
_REMEDIES = {
    "unexpected_shape": _WRONG_KIND,
    "no_content": _WRONG_KIND,
    "no_identity": _WRONG_KIND,
    "not_a_mail": _WRONG_KIND,
    "not_json": "Mend what the sender writes: a template that puts texts into JSON needs to escape them.",
    "empty": "The sender sent nothing. Look at its template, then dismiss this one.",
    "no_route": "Give the integration a route, then read it again.",
    "unknown_source": "Choose a source that this release has, then read it again.",
    "proof_missing": _PROOF,
    "proof_wrong": _PROOF,
    "proof_of_part": "Its sender should send less at once: a message that is cut cannot be proved.",
    "secret_unreadable": "Set the integration's secret again, then read it again.",
    "secret_without_use": "Remove the integration's secret, then read it again.",
    "failed": "The log names the cause. Read it again after an update.",
    "ended_the_worker": "It needs more memory than a worker has. Have its sender send less at once.",
}


def what_to_do(reason: str) -> str:
    """A sentence; for a reason that is not known here, what always helps."""
    return _REMEDIES.get(reason, "Look at it, mend its sender or the integration, then read it again.")
