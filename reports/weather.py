"""Storms in a case's shape, so that the matrix and its renderers need to know only cases.

An operation of a storm stands for a round of a case; a storm has no near misses, no blocks
and no environment that could be replayed.
"""


def is_storm(listed: dict) -> bool:
    """True for a "list" document that tells of a storm."""
    return "storm" in listed


def listed_as_case(listed: dict) -> dict:
    """A "list" document that tells of a case: a storm's has its name as the case."""
    return {**listed, "case": listed["storm"], "outcomes": []} if is_storm(listed) else listed


def result_as_case(document: dict) -> dict:
    """A "storm" document as a "case" document; what only a storm has stays in it."""
    return {**document, "kind": "case", "case": document["storm"], "rounds": document["ops"],
            "rounds_per_s": document["ops"] / max(document["seconds"], 1e-9), "near": 0,
            "spoilt": 0, "blocks": 0, "hit_blocks": 0, "children": document["slices"],
            "outcomes": {}, "env": {"text": ""}}
