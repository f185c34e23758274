"""Checks documents against schema.json, the one description of Stormrig's JSON."""
import json
from functools import lru_cache
from pathlib import Path

import jsonschema

VERSION = 1
FILE = Path(__file__).with_name("schema.json")


class BadDocument(Exception):
    """A document that is not what the schema says; the text is one line."""


@lru_cache(maxsize=None)
def _validator(kind: str):
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    if kind not in schema["$defs"]:
        raise BadDocument(f'unknown kind "{kind}"')
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]})


@lru_cache(maxsize=None)
def kinds() -> list:
    """The kinds of document that the schema describes."""
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    return [ref["$ref"].rsplit("/", 1)[1] for ref in schema["oneOf"]]


def known(document, kind: str = None) -> dict:
    """Return the document if it says to be of a known schema and kind; no more is checked."""
    if not isinstance(document, dict):
        raise BadDocument("not a JSON object")
    version = document.get("schema")
    if isinstance(version, int) and version != VERSION:
        age, remedy = (("newer", "read it with a newer Stormrig") if version > VERSION else
                       ("older", "read it with the Stormrig that wrote it"))
        raise BadDocument(f"schema {version} is {age} than this program's {VERSION}: {remedy}")
    found = document.get("kind")
    if kind and found != kind:
        raise BadDocument(f'kind is {found!r}, wanted "{kind}"')
    if found not in kinds():
        raise BadDocument(f"unknown kind {found!r}")
    return document


def check(document, kind: str = None) -> dict:
    """Return the document if it is valid.

    document: parsed JSON; kind: the kind it must be, None for any known one.
    Raises BadDocument with one line: where, and what was wrong.
    """
    found = known(document, kind)["kind"]
    error = jsonschema.exceptions.best_match(_validator(found).iter_errors(document))
    if error:
        where = "/".join(str(step) for step in error.absolute_path) or "the document"
        raise BadDocument(f"{where}: {error.message[:200]}")
    return document


def parse(text: str, kind: str = None) -> dict:
    """Parse one line of JSON and check it. Raises BadDocument."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BadDocument(f"not JSON: {error}") from None
    return check(document, kind)
