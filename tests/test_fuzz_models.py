"""The model-based fuzzers can fail: each mutant of what they watch is told by a committed input.

The fixed form's inputs are clean (test_fuzzers.py); here one text of a source is changed, and the
fuzzer is built as the plain program that runs a corpus.
"""
import re
import shutil
import subprocess

import pytest

from tests.explorer import ROOT

FUZZERS = ROOT / "fuzz/fuzzers"
INPUTS = FUZZERS / "inputs"
# (target, fuzzer): {what the mutant does: (source, text, what stands there
# instead)}
MUTANTS = {
    ("sched", "fuzz_timers"): {
        "a parent may be due later than its child": (
            "sched/timers.c", "\twhile (i > 0 && t->when < ", "\twhile (i > 4 && t->when < "),
        "the last of four children is not looked at": (
            "sched/timers.c", "end = least + ARITY;", "end = least + ARITY - 1;"),
        "a stopped timer leaves the first one's time": (
            "sched/timers.c", "\t\ttake_out(&p->timers, t);\n\t\tpublish_first(&p->timers);",
            "\t\ttake_out(&p->timers, t);"),
        "a larger heap forgets its last timer": (
            "sched/timers.c", "h->count * sizeof(struct timer *));\n\t\tworld_unmap",
            "(h->count - 1) * sizeof(struct timer *));\n\t\tworld_unmap"),
        "what is due this moment does not fire": (
            "sched/timers.c", "h->heap[0]->when <= now", "h->heap[0]->when < now"),
    },
    ("sched", "fuzz_runq"): {
        "a full ring drops the oldest of those that it moves": (
            "sched/runq.c", "global_put(p->s, first, g, n + 1)",
            "global_put(p->s, first->link, g, n)"),
        "a ring takes one too many": (
            "sched/runq.c", "if (tail - head <= p->mask)", "if (tail - head <= p->mask + 1)"),
        "a thief takes the smaller half": (
            "sched/runq.c", "\t\tn -= n / 2;", "\t\tn = n / 2;"),
        "what runs next is fair game": (
            "sched/runq.c", "return g || !next ? g : take_next(from);",
            "return g ? g : take_next(from);"),
        "of what was sent, one that another takes is forgotten": (
            "sched/runq.c", "put_list(own, first->link);",
            "put_list(own, first->link ? first->link->link : NULL);"),
        "what is sent comes in place of what was sent": (
            "sched/runq.c", "last->link = (struct G *)seen;", "last->link = NULL;"),
        "the last of the global queue stays its end": (
            "sched/runq.c", "\tif (!s->first)\n\t\ts->last = NULL;\n", ""),
    },
    ("sched", "fuzz_stacks"): {
        "a move leaves the last word behind": (
            "sched/stack.c", "sp, used / sizeof(uint64_t));",
            "sp, used / sizeof(uint64_t) - (used > 0));"),
        "a stack shrinks of which a quarter is in use": (
            "sched/stack.c", "stack_used(s, sp) < size / 4", "stack_used(s, sp) <= size / 4"),
        "what a stack that shrinks gives back is still its own": (
            "sched/stack.c", "\ts->low += bytes;\n", ""),
        "a larger table of windows forgets the last one": (
            "sched/stack.c", "all->bares * sizeof *more);\n\t\t\tworld_unmap",
            "(all->bares - 1) * sizeof *more);\n\t\t\tworld_unmap"),
        "what lies below the window overflows the stack": (
            "sched/stack.c", "at >= stack_base(s) && ", ""),
    },
    ("sched", "fuzz_heap"): {
        "who watches a live object is told": (
            "sched/sweep.c", "dead[i] = s->taken[i] & ~stays;", "dead[i] = s->taken[i];"),
        "the first object of a span leads nowhere": (
            "sched/mark.c", "&& s->class % 2)", "&& s->class % 2 && i > 0)"),
        "what is free is marked": (
            "sched/mark.c", "if (!(s->taken[i / 64] >> i % 64 & 1))", "if (i >= s->objects)"),
        "half an object is zeroed": (
            "sched/heap.c", "memset(object, 0, s->size);", "memset(object, 0, s->size / 2);"),
        "free pages are not found again": (
            "sched/pages.c", "h->lowest = first < h->lowest ? first : h->lowest;", ""),
        "a span that was swept elsewhere is swept again": (
            "sched/heap.c", "(heap_set(h, class, false, false));\n\t\tif (!s)\n\t\t\tbreak;\n"
            "\t\tif (!sweep_begin(h, s))\n\t\t\tcontinue;\n",
            "(heap_set(h, class, false, false));\n\t\tif (!s)\n\t\t\tbreak;\n"),
    },
    ("port", "fuzz_associations"): {
        "an event for nothing in particular": ("port/oneshot.c", " && at->events != 0;", ";"),
        "a fetched event leaves its association": (
            "port/exact.c", "at->user };\n\t\t\tdissolve(port, fd, at);\n", "at->user };\n"),
        "an event of a closed descriptor": (
            "port/oneshot.c", "at->serial == from->data >> 32 && ", ""),
        "an association asks for what the last one did": (
            "port/exact.c", "\tat->events = events;\n", "\tat->events |= events;\n"),
        "a calmed port stays alerted": (
            "port/kernel.c", "exchange_acq_rel(&port->alerted, on)",
            "exchange_acq_rel(&port->alerted, true)"),
    },
    ("spanset", "fuzz_set"): {
        "a block outlives its last pop": (
            "spanset/spanset.c", "count_popped(b) + 1 != entries", "count_popped(b) != entries"),
        "a reset leaves the block that was begun": (
            "spanset/spanset.c", "\t\t\tspan_pool_put(s->pool, slot, b);\n\t\t}", "\t\t}"),
    },
}


def links(source, top):
    """The sources that a fuzzer says it is linked with, of the tree `top`."""
    for line in re.findall(r"^/\* links: (.*) \*/$", source.read_text(), re.M):
        for word in line.split():
            yield from sorted(top.glob(word))


def build(top, target, fuzzer):
    source = FUZZERS / target / f"{fuzzer}.c"
    common = [FUZZERS / "common" / f"{name}.c" for name in ("found", "leave", "corpus")]
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-g", "-I", top / "targets", "-I", ROOT / "fuzz",
                    "-I", FUZZERS, "-I", ROOT / "stress", "-I", ROOT, "-Wl,--wrap=exit",
                    "-Wl,-z,now", "-o", top / fuzzer, source, *common, *links(source, top),
                    "-lpthread"], check=True)
    return top / fuzzer


@pytest.mark.parametrize("target, fuzzer, name", [
    (*who, name) for who, mutants in MUTANTS.items() for name in mutants])
def test_an_input_tells_the_mutant(tmp_path, target, fuzzer, name):
    source, before, after = MUTANTS[target, fuzzer][name]
    for folder in ("targets", "stress"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    path = tmp_path / "targets" / source
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    ran = subprocess.run(["timeout", "100", build(tmp_path, target, fuzzer),
                          INPUTS / target / fuzzer],
                         capture_output=True, text=True, errors="replace", check=False)
    crashed = ran.returncode < 0
    assert crashed or (ran.returncode == 1 and "finding: " in ran.stdout), ran.stdout[-500:]
