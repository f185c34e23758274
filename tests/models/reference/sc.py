"""Sequential consistency: plain interleaving of C11 operations; every order means seq_cst."""
from tests.models.reference.lang import explore, final, freeze, modify, run_local, updated, value


def final_states(program):
    threads, init = program

    def successors(state):
        memory, locals_ = state
        mem = dict(memory)
        for i, (pc, regs) in enumerate(locals_):
            if pc >= len(threads[i]):
                continue
            op, env = threads[i][pc], dict(regs)
            new = dict(mem)
            if op[0] == 'load':
                env[op[1]] = mem[op[2]]
            elif op[0] == 'store':
                new[op[1]] = value(op[2], env)
            elif op[0] in ('xchg', 'add', 'cas'):
                old = mem[op[2]]
                written = modify(op, old, env)
                env[op[1]] = old
                if written is not None:
                    new[op[2]] = written
            local = run_local(threads[i], pc + 1, freeze(env))
            yield freeze(new), locals_[:i] + (local,) + locals_[i + 1:]

    start = (freeze(init), tuple(run_local(code, 0, ()) for code in threads))
    return explore(start, successors, lambda s: final(s[0], [regs for pc, regs in s[1]]))
