"""ARMv8 (AArch64), multi-copy atomic: all stores stand in one global memory order.

Instructions (besides the local ones of lang.py); reg receives the value read:
    ('LDR'|'LDAR'|'LDAPR', reg, loc)            ('STR'|'STLR', loc, expr)
    ('DMB',)  ('DMB.LD',)  ('DMB.ST',)          ('LDXR'|'LDAXR', reg, loc)
    ('STXR'|'STLXR', status, loc, expr)         status 0: stored
    ('CAS'|'CASA'|'CASL'|'CASAL', reg, loc, expected, desired)
    ('SWP'|..., reg, loc, expr)                 ('LDADD'|..., reg, loc, expr)

Threads execute one instruction at a time in program order. Weakness comes from two choices:
  * a load picks which store it reads: the newest one of its location at its floor, or any later;
  * a store picks its place in the memory order: the end, or any earlier place above its floor.
A view is a place in that order, named by the store standing there (None: the initial state), so
that inserting a store earlier does not move it. Dependencies are not tracked; with ordered=True
every load is ordered before the later stores of its thread, as if each value fed a branch.
"""
from collections import namedtuple

from tests.models.reference.lang import (explore, final, is_weak, modify, run_local, strong,
                                         updated, value)

# replaces: the id an exclusive or atomic store read from
Store = namedtuple('Store', 'id loc val replaces exclusive')
Thread = namedtuple('Thread', (
    # program counter, registers, number of stores done (names the next one)
    'pc', 'regs', 'stores',
    # per location: newest store of it that this thread read or wrote
    'coherence',
    # newest place of any load done    (DMB, DMB.LD and STLR come after it)
    'read_seen',
    # newest place of any store done   (DMB, DMB.ST and STLR come after it)
    'write_seen',
    'read_floor',               # loads must be at or after this place
    'write_floor',              # stores must be after this place
    'last_release',             # newest STLR                      (LDAR comes after it)
    # per location: (own newest store, made by an atomic?), for forwarding
    'own_store',
    'reserved'))                # LDXR: (location, store read)
NOT_ATOMIC = 'not atomic'


def final_states(program, ordered=False):
    threads, init = program

    def successors(state):
        memory, refused, cores = state
        for i, core in enumerate(cores):
            if core.pc < len(threads[i]):
                for mem, ref, new in execute(threads[i][core.pc], core, memory, refused, i, init,
                                             ordered):
                    pc, regs = run_local(threads[i], core.pc + 1, new.regs)
                    yield mem, ref, cores[:i] + (new._replace(pc=pc, regs=regs),) + cores[i + 1:]

    def start_core(code):
        pc, regs = run_local(code, 0, ())
        return Thread(pc, regs, 0, (), None, None, None, None, None, (), None)

    def result(state):
        memory = dict(init)
        for store in state[0]:
            memory[store.loc] = store.val
        return final(memory, [core.regs for core in state[2]])

    return explore(((), frozenset(), tuple(map(start_core, threads))), successors, result)


def ranks(memory):
    """Place of every store in the memory order; the initial state is place 0."""
    places = {store.id: n + 1 for n, store in enumerate(memory)}
    places[None] = 0
    return places


def later(place, *views):
    return max(views, key=place.get)


def load(core, reg, loc, acquire, memory, refused, init):
    """Yield (core, id read, refused) for every store the load may read.

    acquire: '' LDR, 'A' LDAR, 'Q' LDAPR.
    """
    place = ranks(memory)
    # order from earlier acquires and barriers
    before = core.read_floor
    if acquire == 'A':
        # [L];po;[A]: LDAR is ordered after an earlier STLR
        before = later(place, before, core.last_release)
    # coherence: never older than already seen
    floor = later(place, before, dict(core.coherence).get(loc))
    own = dict(core.own_store).get(loc)
    value_of = {store.id: store.val for store in memory}
    older = [s.id for s in memory if s.loc == loc and place[s.id] <= place[floor]]
    newer = [s.id for s in memory if s.loc == loc and place[s.id] > place[floor]]
    for read in [older[-1] if older else None] + newer:
        # A load that reads its own thread's store takes it from the store
        # buffer: it does not wait for that store's
        # place.  Except that an acquire load waits for a store made by an
        # exclusive or an atomic (rmw;lrs;[A|Q]).
        forwarded = own is not None and own[0] == read and not (own[1] and acquire)
        done_at = before if forwarded else later(place, before, read)
        new = core._replace(regs=updated(core.regs, reg, init[loc] if read is None
                                         else value_of[read]),
                            coherence=updated(core.coherence, loc, later(place,
                                    dict(core.coherence).get(loc), read)),
                            read_seen=later(place, core.read_seen, done_at))
        # [A|Q];po: everything later is ordered after an acquire
        if acquire:
            new = new._replace(read_floor=later(place, new.read_floor, done_at),
                               write_floor=later(place, new.write_floor, done_at))
        # This load is at place 'floor' and read something older: from now on
        # nobody may put
        # a store of this location between the two, that would contradict the
        # load already done.
        yield new, read, refused | {(loc, read, floor)} if place[floor] > place[read] else refused


def store(core, loc, val, release, memory, refused, thread, ordered, replaces=NOT_ATOMIC):
    """Yield (memory, core) for every place the store may take.

    replaces: what an atomic read (may be None).
    """
    place = ranks(memory)
    # barriers, acquires; coherence
    floor = later(place, core.write_floor, dict(core.coherence).get(loc))
    if release:
        # po;[L]: STLR after everything before it
        floor = later(place, floor, core.read_seen, core.write_seen)
    if ordered:
        # ctrl;[W]: all loads feed a branch
        floor = later(place, floor, core.read_seen)
    # n stores come before the new one
    for n in range(place[floor], len(memory) + 1):
        # a load already done would have had to read this store
        if any(l == loc and place[read] <= n < place[done_at] for l, read, done_at in refused):
            continue
        # atomicity: nothing between another atomic's store and what it read,
        # nor between ours and what we read
        if any(s.loc == loc and s.replaces is not NOT_ATOMIC
               and place[s.replaces] <= n < place[s.id] for s in memory):
            continue
        if replaces is not NOT_ATOMIC and any(s.loc == loc and place[replaces] < place[s.id] <= n
                                              for s in memory):
            continue
        new = Store((thread, core.stores), loc, val, replaces, replaces is not NOT_ATOMIC)
        mem = memory[:n] + (new,) + memory[n:]
        place2 = ranks(mem)
        yield mem, core._replace(stores=core.stores + 1,
                                 coherence=updated(core.coherence, loc, new.id),
                                 own_store=updated(core.own_store, loc, (new.id, new.exclusive)),
                                 write_seen=later(place2, core.write_seen, new.id),
                                 last_release=later(place2, core.last_release,
                                                    new.id) if release else core.last_release)


def execute(op, core, memory, refused, thread, init, ordered):
    """Yield every (memory, refused, core) after one instruction."""
    name, regs, place = op[0], dict(core.regs), ranks(memory)
    if name in ('LDR', 'LDAR', 'LDAPR', 'LDXR', 'LDAXR'):
        acquire = {'LDAR': 'A', 'LDAXR': 'A', 'LDAPR': 'Q'}.get(name, '')
        for new, read, ref in load(core, op[1], op[2], acquire, memory, refused, init):
            yield memory, ref, new._replace(reserved=(op[2], read)) if 'X' in name else new
    elif name in ('STR', 'STLR'):
        for mem, new in store(core, op[1], value(op[2], regs), name == 'STLR', memory, refused,
                              thread, ordered):
            yield mem, refused, new
    elif name in ('STXR', 'STLXR'):
        # may always fail
        yield memory, refused, core._replace(regs=updated(core.regs, op[1], 1), reserved=None)
        if core.reserved and core.reserved[0] == op[2]:
            for mem, new in store(core, op[2], value(op[3], regs), name == 'STLXR', memory,
                                  refused, thread, ordered,
                                  core.reserved[1]):
                yield mem, refused, new._replace(regs=updated(new.regs, op[1], 0), reserved=None)
    # DMB SY: all later after all earlier
    elif name == 'DMB':
        seen = later(place, core.read_seen, core.write_seen)
        yield memory, refused, raise_floors(core, place, seen, seen)
    # [R];po;[dmb.ld];po: all later after earlier loads
    elif name == 'DMB.LD':
        yield memory, refused, raise_floors(core, place, core.read_seen, core.read_seen)
    # [W];po;[dmb.st];po;[W]
    elif name == 'DMB.ST':
        yield memory, refused, raise_floors(core, place, None, core.write_seen)
    # LSE atomics: kind plus suffix '', A, L or AL
    else:
        kind = next(k for k in ('CAS', 'SWP', 'LDADD') if name.startswith(k))
        suffix = name[len(kind):]
        as_rmw = ({'CAS': 'cas', 'SWP': 'xchg', 'LDADD': 'add'}[kind],) + op[1:]
        for new, read, ref in load(core, op[1], op[2], 'A' if 'A' in suffix else '', memory,
                                   refused, init):
            written = modify(as_rmw, dict(new.regs)[op[1]], regs)
            # a failed CAS is only its load, no barrier
            if written is None:
                yield memory, ref, new
                continue
            for mem, new2 in store(new, op[2], written, 'L' in suffix, memory, ref, thread,
                                   ordered, read):
                # [A];amo;[L] is a full barrier
                if suffix == 'AL':
                    mem_place = ranks(mem)
                    seen = later(mem_place, new2.read_seen, new2.write_seen)
                    new2 = raise_floors(new2, mem_place, seen, seen)
                yield mem, ref, new2


def raise_floors(core, place, read, write):
    return core._replace(read_floor=later(place, core.read_floor, read),
                         write_floor=later(place, core.write_floor, write))


def from_c11(thread, lse=True, rcpc=False):
    """C11 operations to AArch64 as compilers do it; without LSE, atomics are LL/SC loops."""
    code = []
    for n, op in enumerate(strong(thread) if lse else thread):
        if op[0] == 'load':
            order = op[3]
            name = 'LDAR' if order == 'sc' else ('LDAPR' if rcpc
                                                 else 'LDAR') if order == 'acq' else 'LDR'
            code.append((name, op[1], op[2]))
        elif op[0] == 'store':
            code.append(('STLR' if op[3] in ('rel', 'sc') else 'STR', op[1], op[2]))
        elif op[0] == 'fence':
            if op[1] != 'rlx':
                code.append(('DMB.LD',) if op[1] == 'acq' else ('DMB',))
        elif op[0] in ('xchg', 'add', 'cas'):
            # a CAS gets the union of its two orders
            orders = op[5:7] if op[0] == 'cas' else op[4:5]
            acq = any(o in ('acq', 'ar', 'sc') for o in orders)
            rel = any(o in ('rel', 'ar', 'sc') for o in orders)
            if lse:
                name = {'xchg': 'SWP', 'add': 'LDADD', 'cas': 'CAS'}[op[0]] + 'A' * acq + 'L' * rel
                code.append((name,) + op[1:5 if op[0] == 'cas' else 4])
            else:
                reg, loc = op[1:3]
                again, done, status = '$again%d' % n, '$done%d' % n, '$status%d' % n
                code += [('label', again), ('LDAXR' if acq else 'LDXR', reg, loc)]
                if op[0] == 'cas':
                    code.append(('jz', ('==', reg, op[3]), done))
                new = op[4] if op[0] == 'cas' else op[3] if op[0] == 'xchg' else ('+', reg, op[3])
                if is_weak(op):  # no loop
                    code[-1:-1] = [('let', op[7], 0)]
                code.append(('STLXR' if rel else 'STXR', status, loc, new))
                code += [('let', op[7], ('==', status, 0))] if is_weak(op) else [
                    ('jz', ('==', status, 0), again)]
                code.append(('label', done))
        else:
            code.append(op)
    return code
