"""The template every installation starts with, also used where somebody deleted the default one. Plain values."""

from typing import Any

NAME = "Standard"
SECTIONS: list[dict[str, Any]] = [
    {
        "heading": "Overview",
        "guidance": "Two or three sentences for somebody who was not there: what broke, for whom, for how long.",
        "facts": ["summary"],
    },
    {
        "heading": "What happened",
        "guidance": "Tell it in order, from the first sign to the end. What did people see, think and try? "
        "Write what was known at the time, not what is clear now.",
        "facts": ["alerts"],
    },
    {
        "heading": "Contributing factors",
        "guidance": "Rarely one cause. What had to be true together for this to happen? "
        "Name systems, defaults and habits, not people.",
        "facts": [],
    },
    {
        "heading": "Resolution",
        "guidance": "What ended it, and what of that was meant to last? Say so if it could come back tomorrow.",
        "facts": [],
    },
    {
        "heading": "Impact",
        "guidance": "In numbers: how many customers, requests or orders, how much money, which promises were broken. "
        "An estimate with its source is better than a gap.",
        "facts": [],
    },
    {
        "heading": "Responders",
        "guidance": "Who took part, and as what. Who was missed?",
        "facts": ["responders", "pages"],
    },
    {
        "heading": "Timeline",
        "guidance": "Taken from the records. Strike what does not help; add what was said and done elsewhere, "
        "with a link to the graph or message that shows it.",
        "facts": ["timeline"],
    },
    {
        "heading": "What went well, and what did not",
        "guidance": "Detection, paging, tools, handing over, telling customers. Where was it luck?",
        "facts": [],
    },
    {
        "heading": "Action items",
        "guidance": "Few, small enough to be done, each with somebody's name and a day. They are kept beside the text "
        "and listed here as they stand.",
        "facts": ["action_items"],
    },
]
