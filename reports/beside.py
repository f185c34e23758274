"""Results of other programs that belong to a run: the explorer's, the probes', the coverage.

They lie in the run's folder as KIND.jsonl, in those of its shards, or, in a checkout where
`make explore`, `make probe` and `make coverage` ran, in ../KIND/results.jsonl.
"""
from pathlib import Path
from typing import Callable, List

from reports import schema


def files(run: Path, kind: str) -> List[Path]:
    """The files of a run itself, its own or its shards'."""
    own = run / f"{kind}.jsonl"
    return [own] if own.is_file() else sorted(run.glob(f"shards/*/{kind}.jsonl"))


def found(run: Path, kind: str, read: Callable[[Path], List[dict]],
          warnings: List[str]) -> List[dict]:
    """The documents that `read` makes of these files; [] where there is none.

    A file that cannot be read gets a line in `warnings`, no more: the run stands without it.
    """
    documents: List[dict] = []
    for path in files(run, kind) or [run.parent / kind / "results.jsonl"]:
        try:
            documents += read(path)
        except FileNotFoundError:
            pass
        except (OSError, UnicodeDecodeError, schema.BadDocument) as error:
            warnings.append(f"{kind} results left out: {error}")
    return documents
