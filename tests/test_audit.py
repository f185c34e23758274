"""make audit: what is needed is shown so, what nobody needs is told, reasons are read."""
import json
import pathlib
import re
import shlex
import subprocess
import sys

import jinja2
import pytest

from reports import audited, schema
from tests.explorer import ROOT, build

sys.path.insert(0, str(ROOT / "fuzz"))
import audit  # noqa: E402

# The store-buffering shape: a waiter sets WAIT and looks at info, an updater
# publishes info and looks at the semaphore.
SHAPE = (("poller/info.h", "while (!cas_seq_cst(&pd->info"),
         ("poller/info.h", "return load_seq_cst(&pd->info)"),
         ("poller/block.c", "if (sem_cas(sem, &seen, SEM_WAIT))"),
         ("poller/block.c", "uintptr_t old = sem_load(sem);"))


@pytest.fixture(scope="module")
def built():
    build("build/explore/poller/fixed/explore", "build/explore/spanset/fixed/explore")


def audited_sites(out, *arguments):
    ran = subprocess.run(["fuzz/audit.py", "--out", str(out), *arguments], cwd=ROOT, text=True,
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False)
    assert ran.returncode in (0, 1), ran.stderr
    document = schema.parse(out.read_text(encoding="utf-8"), "audit")
    assert (ran.returncode == 1) == any(row["disagrees"] for row in document["rows"])
    return document, ran.stdout


def row_of(document, file, text):
    (row,) = [row for row in document["rows"] if row["file"] == f"targets/{file}"
              and text in row["source"]]
    return row


@pytest.mark.parametrize("file", sorted({file for file, _ in SHAPE}))
def test_the_store_buffering_shape_is_needed_under_c11(built, tmp_path, file):
    document, text = audited_sites(tmp_path / "audit.json", "--target", "poller", "--model",
                                   "c11", "--site", f"targets/{file}")
    for _, code in [shape for shape in SHAPE if shape[0] == file]:
        row = row_of(document, file, code)
        assert (row["status"], row["order"]) == ("needed", "seq_cst")
        assert all(trial["found"] for trial in row["weaker"])
        last = row["weaker"][-1]
        assert last["found"] == "lost_wakeup" and last["place"].endswith(" c11")
        words = shlex.split(last["replay"])
        again = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        assert again.returncode == 1 and again.stdout.startswith("lost_wakeup")
        assert f'needed     seq_cst  {row["operation"]}' in text
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "--weaken" in page and not re.search(r'(?:src|href)="(?!data:|#)', page)


def row(**more):
    return {"file": "targets/x.c", "line": 1, "operation": "load", "order": "seq_cst",
            "function": "f", "source": "", "comment": "", "kept": "", "kept_word": "", "weaker": [],
            "places": [audit.Place(pathlib.Path("b/x/fixed/explore"), "c", "c11", False)], **more}


@pytest.fixture
def trials(monkeypatch):
    """Which orders break something: the set that a test fills."""
    broken = set()

    def tried(what, order, *_):
        return {"order": order, "found": "lost_wakeup" if order in broken else None,
                "executions": 1, "places": [] if order in broken else ["x/c c11 all"]}
    monkeypatch.setattr(audit, "tried", tried)
    return broken


def test_what_nothing_distinguishes_is_excess_unless_a_comment_says_why(trials):
    found = audit.examined(row(), audit.Luck(), 1)
    assert found["status"] == "excess" and "relaxed" in found["disagrees"]
    assert [trial["order"] for trial in found["weaker"]] == ["relaxed"]
    for where in ("kept", "kept_word"):
        found = audit.examined(row(**{where: "the runtime has seq_cst"}), audit.Luck(), 1)
        assert (found["status"], found["disagrees"]) == ("kept", "")


def test_an_order_is_tried_once_all_weaker_ones_break(trials):
    trials.update(("relaxed", "release"))
    found = audit.examined(row(operation="cas"), audit.Luck(), 1)
    assert [t["order"] for t in found["weaker"]] == ["relaxed", "acquire", "release"]
    assert found["status"] == "excess"
    trials.update(("acquire", "acq_rel"))
    found = audit.examined(row(operation="cas"), audit.Luck(), 1)
    assert [t["order"] for t in found["weaker"]][-1] == "acq_rel"
    assert (found["status"], found["disagrees"]) == ("needed", "")


def test_a_reason_to_keep_what_is_needed_disagrees(trials):
    trials.update(("relaxed", "acquire"))
    found = audit.examined(row(kept="nobody needs it"), audit.Luck(), 1)
    assert found["status"] == "needed" and "each weaker order" in found["disagrees"]


def test_an_access_that_no_case_makes_is_told(trials):
    assert audit.examined(row(places=[]), audit.Luck(), 1)["status"] == "unreached"
    assert audit.examined(row(places=[], order="relaxed"), audit.Luck(), 1)["status"] == "relaxed"


def test_checks_are_asked_where_no_case_shows_anything(monkeypatch):
    """And not those that run a whole runtime."""
    binary, asked = pathlib.Path("b/x/fixed/explore"), []

    def explored(place, *_):
        asked.append(place.case)
        hits = {"data_race": 1} if place.check else {}
        return {"executions": 1, "hits": hits, "exhausted": True, "ended": True, "replay": "",
                "finding": {"class": "data_race", "meaning": "", "machines": ""} if hits else None}
    monkeypatch.setattr(audit, "explored", explored)
    places = [audit.Place(binary, name, "c11", whole="whole" in name, check="check" in name)
              for name in ("check", "case", "whole_check", "whole_case")]
    found = audit.examined(audit.narrowed(row(places=places)), audit.Luck(), 1)
    assert asked == 2 * ["case", "case", "check"]  # two looks, one look: two orders
    assert found["status"] == "needed"
    assert audit.narrowed(row(places=places[2:]))["places"] == places[3:]


def test_reasons_are_read_beside_the_access_its_word_and_its_macro(tmp_path, monkeypatch):
    (tmp_path / "targets/x").mkdir(parents=True)
    (tmp_path / "targets/x/x.c").write_text(
        "/* kept: the macro's */\n#define sem_load(s) load_seq_cst(s)\n\n\n\n"
        "/* kept: the word's */\nstruct s { word32 calls; };\n\n\n\n"
        "void f(void)\n{\n\t/* pairs with: g() — a word.\n\t * kept: Go's are seq_cst */\n"
        "\tload_seq_cst(&w);\n}\n")
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    comments = audit.Comments()

    def read(line, source):
        found = row(file="targets/x/x.c", line=line, source=source, order=None)
        comments.beside(found)
        return found
    found = read(15, "load_seq_cst(&w);")
    assert (found["kept"], found["order"]) == ("Go's are seq_cst", "seq_cst")
    assert found["comment"].startswith("pairs with: g()")
    found = read(10, "fetch_add_seq_cst(&p[i]->calls, 1);")
    assert (found["kept"], found["kept_word"]) == ("", "the word's")
    (tmp_path / "targets/y").mkdir()
    (tmp_path / "targets/y/y.c").write_text("struct y { word32 calls; };\n")
    comments = audit.Comments()
    assert read(10, "fetch_add_seq_cst(&p->calls, 1);")["kept_word"] == "the word's"
    other = row(file="targets/y/y.c", line=1, source="fetch_add_seq_cst(&p->calls, 1);")
    comments.beside(other)
    assert other["kept_word"] == ""  # another target's word of that name
    found = read(10, "if (sem_load(&x->nothing))")
    assert found["kept_word"] == "the macro's"
    assert read(10, "load_acquire(&x->nothing)")["kept_word"] == ""


def test_the_page_shows_each_access_beside_its_comment(trials):
    found = audit.examined(row(comment="pairs with: <g()>"), audit.Luck(), 1)
    document = {"schema": 1, "kind": "audit", "models": ["c11"], "executions": 1, "seconds": 0.1,
                "rows": [json.loads(json.dumps(found))]}
    page = audited.page(schema.check(document, "audit"))
    assert "pairs with: &lt;g()&gt;" in page and "excess" in page
    assert "1 excess" in audited.text(document)


def test_the_report_takes_the_audit_in(trials, tmp_path):
    rows = [audit.examined(row(comment="pairs with: <g()>"), audit.Luck(), 1),
            audit.examined(row(order="relaxed"), audit.Luck(), 1)]
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps({"schema": 1, "kind": "audit", "models": ["c11"], "executions": 7,
                                "seconds": 0.1, "rows": rows}) + "\n")
    orders = audited.ordered(audited.documents(path))
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(audited.TEMPLATES),
                                     autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.get_template("orders.html").render(orders=orders, brief=False)
    assert "1 ordered accesses" in page and "&lt;g()&gt;" in page and "✘" in page


def test_nothing_built_is_a_usage_error(tmp_path):
    ran = subprocess.run(["fuzz/audit.py", "--build", str(tmp_path)], cwd=ROOT, text=True,
                         capture_output=True, check=False)
    assert ran.returncode == 64 and ran.stderr.count("\n") == 1
