"""x86-TSO: one FIFO store buffer per thread.

Instructions (besides the local ones of lang.py):
    ('mov_load', reg, loc)  ('mov_store', loc, expr)  ('mfence',)
    ('xchg', reg, loc, expr) ('add', reg, loc, expr) ('cas', reg, loc, expected, desired)   all
        LOCKed
"""

from tests.models.reference.lang import explore, final, freeze, modify, run_local, value


def final_states(program):
    threads, init = program

    def successors(state):
        memory, cores = state
        mem = dict(memory)
        for i, (pc, regs, buffer) in enumerate(cores):
            def with_core(memory, core):
                return memory, cores[:i] + (core,) + cores[i + 1:]

            # the oldest buffered store may reach memory at any time
            if buffer:
                (loc, val), rest = buffer[0], buffer[1:]
                yield with_core(freeze({**mem, loc: val}), (pc, regs, rest))
            if pc >= len(threads[i]):
                continue
            op, env, new = threads[i][pc], dict(regs), dict(mem)
            # newest own buffered store, else memory
            if op[0] == 'mov_load':
                own = [v for l, v in buffer if l == op[2]]
                env[op[1]] = own[-1] if own else mem[op[2]]
            elif op[0] == 'mov_store':                          # enters the buffer
                buffer = buffer + ((op[1], value(op[2], env)),)
            # mfence and locked instructions wait for an empty buffer
            elif buffer:
                continue
            # locked read-modify-write, directly on memory
            elif op[0] != 'mfence':
                old = mem[op[2]]
                written = modify(op, old, env)
                env[op[1]] = old
                if written is not None:
                    new[op[2]] = written
            pc, regs = run_local(threads[i], pc + 1, freeze(env))
            yield with_core(freeze(new), (pc, regs, buffer))

    start = (freeze(init), tuple(run_local(code, 0, ()) + ((),) for code in threads))
    return explore(start, successors, lambda s: final(s[0], [core[1] for core in s[1]]))


def from_c11(thread):
    """C11 operations to x86-64: a seq_cst store is XCHG, a seq_cst fence MFENCE."""
    code = []
    for n, op in enumerate(thread):
        if op[0] == 'load':
            code.append(('mov_load', op[1], op[2]))
        elif op[0] == 'store' and op[3] == 'sc':
            code.append(('xchg', '$old%d' % n, op[1], op[2]))
        elif op[0] == 'store':
            code.append(('mov_store', op[1], op[2]))
        elif op[0] == 'fence':
            # weaker fences are compiler-only
            if op[1] == 'sc':
                code.append(('mfence',))
        elif op[0] in ('xchg', 'add', 'cas'):
            # every locked instruction is a full barrier
            code.append(op[:5] if op[0] == 'cas' else op[:4])
        else:
            code.append(op)
    return code
