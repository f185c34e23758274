"""Final states of a C litmus text under one model, as lines in herd's layout."""
from tests.models.reference import armv8, c11, read, sc, tso
from tests.models.reference.lang import strong


def final_states(model, test):
    """model: sc, tso, armv8[+lse][+rcpc][+unordered] or c11[+relseq11]."""
    name, *options = model.split('+')
    threads, init = test.program
    if name == 'tso':
        return tso.final_states(([tso.from_c11(strong(t)) for t in threads], init))
    if name == 'armv8':
        code = [armv8.from_c11(t, lse='lse' in options, rcpc='rcpc' in options) for t in threads]
        return armv8.final_states((code, init), ordered='unordered' not in options)
    if name == 'c11':
        return c11.final_states(test.program, cpp11_release_sequences='relseq11' in options)
    return sc.final_states(([strong(t) for t in threads], init))


def lines(model, text):
    """The values of the test's `locations`, one line per final state."""
    test, rename = read.parse(text)
    names = sorted(test.observed, key=shown)
    found = ({rename.get(n, n): v for n, v in state} for state in final_states(model, test))
    return sorted({' '.join('%s=%d;' % (shown(n), state.get(n, 0)) for n in names)
                   for state in found})


def shown(name):
    """A register as it is, a location in brackets."""
    return name if ':' in name else '[%s]' % name
