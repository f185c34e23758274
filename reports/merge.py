"""Makes one run of several: shards of a matrix, lanes, or machines of one class.

  OUT/shards/ID/   each run as it was, by its id
  OUT/run.json, results.jsonl   made from all of them, in the order of their ids

Merging the same run twice changes nothing. What was planned and is in no shard is missing
exposure: it is INCONCLUSIVE, never a pass.
"""
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Dict, List

from reports import folder, schema
from reports.folder import BadFolder, Run, write_atomic

SHARDS = "shards"


def merge(out: Path, runs: List[Path]) -> List[str]:
    """Add runs to a merged run, which may be new.

    out: folder to write; runs: folders. Everything is read before anything is written.
    Returns one line per run. Raises BadFolder, schema.BadDocument, OSError.
    """
    out = Path(out)
    if out.exists() and any(out.iterdir()) and not (out / SHARDS).is_dir():
        raise BadFolder(f"{out} is neither empty nor a merged run: name another folder", usage=True)
    shards = {run.header["id"]: run for run in
              (folder.load(path) for path in sorted((out / SHARDS).glob("*")))}
    said, copied = [], []
    for path in runs:
        run = folder.load(path)
        if run.header.get("options", {}).get("shards"):
            raise BadFolder(f"{path} is a merged run itself: name what it was made of, "
                            f"{path}/{SHARDS}/*", usage=True)
        key = run.header["id"]
        known = shards.get(key)
        if known and same(known, run):
            said.append(f"{path}: there already")
            continue
        if known and len(known.slices) > len(run.slices):
            raise BadFolder(f"{path}: an earlier state of {key}, which is merged already")
        check_class(run, shards)
        shards[key] = run
        copied.append(run)
        said.append(f"{path}: {'replaced' if known else 'added'}, {len(run.slices)} results")
    for run in copied:
        _copy(run, out / SHARDS / run.header["id"])
    _write(out, [shards[key] for key in sorted(shards)])
    return said + absent(list(shards.values()))


def same(one: Run, other: Run) -> bool:
    """True when two folders hold the same run in the same state."""
    return one.slices == other.slices and one.header["state"] == other.header["state"]


def check_class(run: Run, shards: Dict[str, Run]) -> None:
    """Raise BadFolder when a run is of another class of machine than the others."""
    mine = run.header["provenance"].get("machine_class")
    for other in shards.values():
        theirs = other.header["provenance"].get("machine_class")
        if mine != theirs:
            raise BadFolder(f"{run.path}: machine class {mine}, the others are {theirs}: their "
                            "exposure does not add up; compare them, or import both into a history")


def absent(shards: List[Run]) -> List[str]:
    """Shards that were announced and are not here, one line each."""
    told = [run.header["options"]["shard"] for run in shards
            if run.header.get("options", {}).get("shard")]
    found = []
    for lane in dict.fromkeys(run.header["lane"] for run in shards):
        numbers = {tuple(run.header["options"]["shard"]) for run in shards
                   if run.header["lane"] == lane and run.header.get("options", {}).get("shard")}
        for whole in sorted({of for _, of in numbers}):
            found += [f"shard {n} of {whole} of lane {lane} is missing: its exposure is, too"
                      for n in range(1, whole + 1) if (n, whole) not in numbers]
    return found if told else []


def _copy(run: Run, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent.parent))
    try:
        shutil.copytree(run.path, temporary / "run", ignore=shutil.ignore_patterns(".*", "*.html"))
        if place.exists():
            os.replace(place, temporary / "old")
        os.replace(temporary / "run", place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(out: Path, shards: List[Run]) -> None:
    """run.json and results.jsonl of the whole; what is planned keeps its lane."""
    planned, lists, slices = {}, {}, []
    for run in shards:
        place = next((s["placement"] for s in run.slices if "placement" in s), "all")
        plan = run.header["planned"] + run.header.get("options", {}).get("elsewhere", [])
        for item in plan:
            item = {"lane": run.header["lane"], "placement": place, **item}
            planned[json.dumps(item, sort_keys=True)] = item
        for document in run.lists:
            lists[json.dumps(document, sort_keys=True)] = document
        slices += [{"placement": place, **document, "shard": run.header["id"]}
                   for document in run.slices]
    documents = list(lists.values()) + slices
    ids = " ".join(run.header["id"] for run in shards)
    first, last = shards[0].header, shards[-1].header
    complete = all(run.complete for run in shards) and not absent(shards)
    header = {
        "schema": schema.VERSION, "kind": "run",
        "id": f"merged-{hashlib.sha256(ids.encode()).hexdigest()[:12]}",
        "state": "complete" if complete else "interrupted",
        "started": min(r.header["started"] for r in shards),
        "ended": max((r.header["ended"] or "" for r in shards)) or None,
        "lane": "+".join(sorted({r.header["lane"] for r in shards})), "seed": first["seed"],
        "command": f"python3 -m reports merge -o OUT {ids}",
        "options": {"shards": [r.header["id"] for r in shards],
                    "whole": all(r.header.get("options", {}).get("whole", True)
                                 for r in shards) and not absent(shards)},
        "planned": list(planned.values()), "results": len(documents),
        "provenance": last["provenance"]}
    write_atomic(out / "results.jsonl", "".join(
        json.dumps(d, separators=(",", ":")) + "\n" for d in documents))
    topology = shards[-1].path / "topology.xml"
    if topology.is_file():
        write_atomic(out / "topology.xml", topology.read_text(encoding="utf-8"))
    write_atomic(out / "run.json", json.dumps(header, indent=1) + "\n")
