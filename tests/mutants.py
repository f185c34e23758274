"""Mutants of a target: built and run in a copy of the tree, one changed text at a time."""
import contextlib
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def copy_tree(top, target):
    """A copy of the sources, and of what is built of the fixed `target`, in the folder `top`."""
    known = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "Makefile", "*.mk",
                            "stress", "targets"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split()
    for name in known:
        if (ROOT / name).exists():
            os.makedirs((top / name).parent, exist_ok=True)
            shutil.copy2(ROOT / name, top / name)
    for part in ("obj", f"{target}/fixed"):
        shutil.copytree(ROOT / "build/native" / part, top / "build/native" / part)
    return top


@contextlib.contextmanager
def changed(top, file, before, after):
    """The tree with the only place of a text in targets/`file` changed, for as long as it lasts."""
    path = top / "targets" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")
