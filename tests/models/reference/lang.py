"""Shared by all models: the little program language, the exhaustive search, the operations.

A program is (threads, init): threads is a list of threads, a thread a list of instructions
(tuples); init is {location: value} and names every location. A final state is a sorted tuple of
(name, value) pairs; name is 'x' for a location and '0:r1' for a register of thread 0.

An expression is an int, a register name, or (operator, expr, expr).
Local instructions, the same in every model:
    ('let', reg, expr)   ('jz', expr, label)   ('jmp', label)   ('label', name)
C11 instructions (c11.py, sc.py, and the input of armv8.from_c11 and tso.from_c11):
    ('load', reg, loc, order)            ('store', loc, expr, order)
    ('xchg', reg, loc, expr, order)      ('add', reg, loc, expr, order)      reg = old value
    ('cas', reg, loc, expected, desired, success_order, failure_order)       reg = old value
    ('cas', ..., swapped): a weak one, which may fail for no reason; register swapped: 0 or 1
    ('fence', order)
orders: 'na' (plain access) 'rlx' 'acq' 'rel' 'ar' 'sc'.
"""
LOCAL = ('let', 'jz', 'jmp', 'label')


def acquires(order):
    return order in ('acq', 'ar', 'sc')


def releases(order):
    return order in ('rel', 'ar', 'sc')


def value(expr, regs):
    if isinstance(expr, int):
        return expr
    if isinstance(expr, str):
        return regs.get(expr, 0)
    op, a, b = expr[0], value(expr[1], regs), value(expr[2], regs)
    return {'+': a + b, '-': a - b, '==': int(a == b), '!=': int(a != b), '<': int(a < b),
            '*': a * b, '&': a & b, '|': a | b, '^': a ^ b}[op]


def freeze(mapping):
    return tuple(sorted(mapping.items()))


def updated(frozen, key, val):
    d = dict(frozen)
    d[key] = val
    return freeze(d)


def run_local(code, pc, regs):
    """Executes local instructions from pc on: (pc, regs) at the next access."""
    regs = dict(regs)
    while pc < len(code) and code[pc][0] in LOCAL:
        op = code[pc]
        pc += 1
        if op[0] == 'let':
            regs[op[1]] = value(op[2], regs)
        elif op[0] == 'jmp' or (op[0] == 'jz' and value(op[1], regs) == 0):
            label = op[1] if op[0] == 'jmp' else op[2]
            pc = code.index(('label', label))
    return pc, freeze(regs)


def modify(op, old, regs):
    """What a read-modify-write stores, or None where a CAS does not match."""
    if op[0] == 'xchg':
        return value(op[3], regs)
    if op[0] == 'add':
        return old + value(op[3], regs)
    if op[0] == 'cas':
        return value(op[4], regs) if old == value(op[3], regs) else None


def is_weak(op):
    return op[0] == 'cas' and len(op) == 8


def strong(thread):
    """The same where no compare-and-swap fails for no reason."""
    code = []
    for op in thread:
        code += [op[:7], ('let', op[7], ('==', op[1], op[3]))] if is_weak(op) else [op]
    return code


def explore(start, successors, result):
    """All results of terminal states: those without a successor. A state is hashable."""
    seen, todo, out = {start}, [start], set()
    while todo:
        state = todo.pop()
        terminal = True
        for nxt in successors(state):
            terminal = False
            if nxt not in seen:
                seen.add(nxt)
                todo.append(nxt)
        if terminal:
            out.add(result(state))
    return out


def final(memory, threads_regs):
    names = dict(memory)
    for i, regs in enumerate(threads_regs):
        for reg, val in regs:
            if not reg.startswith('$'):             # $names are scratch
                names['%d:%s' % (i, reg)] = val
    return freeze(names)
