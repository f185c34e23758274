"""C11/C++20 atomics with views: RC11 without load buffering.

Per location: the list of its messages (stores) in modification order. A store may be inserted
before existing messages. A view names, per location, the newest message known, and the newest
known event of the seq_cst order (key 'S'). Ids never change, so inserting moves nobody's view.

Per thread: cur (what its next accesses must respect), acq (what an acquire fence would add), rel
(what a relaxed store publishes: cur at the last release fence). All seq_cst accesses and fences
form one list, the seq_cst order. Plain ('na') accesses behave as relaxed ones; races are not
reported here.

Known to be missing, against herd7's rc11.cat: what only POWER does (Z6.U and its kin: here the
seq_cst order contains all of happens-before), and one three-thread shape of seq_cst fences.
"""
from collections import namedtuple

from tests.models.reference.lang import (acquires, explore, final, freeze, is_weak, modify,
                                         releases, run_local, updated, value)

# id None: the initial value
Message = namedtuple('Message', 'id val view is_rmw')
# kind R, W or F; view: (loc, message), or all for F
ScEvent = namedtuple('ScEvent', 'id kind view')
Thread = namedtuple('Thread', 'pc regs events cur acq rel own_releases')


class Options:
    # C++11 and RC11: later relaxed stores of the releasing thread still publish
    cpp11_release_sequences = False
    # False: seq_cst order = execution order (simpler, loses some behaviours)
    sc_insertion = True


def final_states(program, **options):
    threads, init = program
    opt = Options()
    vars(opt).update(options)

    def successors(state):
        memory, sc_order, threads_state = state
        runnable = [i for i, t in enumerate(threads_state) if t.pc < len(threads[i])]
        local = [i for i in runnable if threads[i][threads_state[i].pc][0] == 'fence'
                 and threads[i][threads_state[i].pc][1] != 'sc']
        # fences other than seq_cst touch only the thread
        for i in local[:1] or runnable:
            for mem, order, new in execute(threads[i][threads_state[i].pc], threads_state[i],
                                           dict(memory), sc_order,
                                           i, opt):
                pc, regs = run_local(threads[i], threads_state[i].pc + 1, new.regs)
                yield (freeze(mem), order, threads_state[:i] + (new._replace(pc=pc, regs=regs),)
                       + threads_state[i + 1:])

    memory = freeze({loc: (Message(None, val, (), False),) for loc, val in init.items()})
    start = (memory, (), tuple(Thread(*run_local(code, 0, ()), 0, (), (), (), ())
                               for code in threads))
    return explore(start, successors, lambda s: final({loc: m[-1].val for loc, m in s[0]},
                                                      [t.regs for t in s[2]]))


class Ranks:
    """Compares and joins views.

    A rank is the place of a message in its location, of an event in the seq_cst order.
    """

    def __init__(self, memory, sc_order):
        self.of = {m.id: n for messages in memory.values() for n, m in enumerate(messages)}
        self.of.update({e.id: n + 1 for n, e in enumerate(sc_order)})
        self.of[None] = 0

    def join(self, *views):
        out = {}
        for view in views:
            for key, ident in view:
                if self.of[ident] > self.of[out.get(key)]:
                    out[key] = ident
        return freeze(out)

    def at(self, view, loc):
        return self.of[dict(view).get(loc)]


def sc_places(memory, sc_order, known, is_sc):
    """Yield (place, floor view) for every place a new event may take in the seq_cst
    order.

    A place must come after every seq_cst event that happens before the new one; the
    floor is what the events
    before the place have made known: the messages written by seq_cst stores, the whole
    view of seq_cst fences.
    """
    if not is_sc:
        yield None, ()
        return
    rank = Ranks(memory, sc_order)
    for place in range(rank.at(known, 'S'), len(sc_order) + 1):
        yield place, rank.join(*[tuple(p for p in e.view if p[0] != 'S')
                                 for e in sc_order[:place] if e.kind != 'R'])


def sc_insert(memory, sc_order, place, event, opt):
    """The seq_cst order with the event at the place; None if a later event contradicts it."""
    if place is None:
        return sc_order
    if not opt.sc_insertion and place < len(sc_order):
        return None
    rank = Ranks(memory, sc_order)
    for after in sc_order[place:]:
        for loc, ident in event.view:
            if event.kind != 'R' and loc != 'S' and (after.kind == 'F'
                                                     or dict(after.view).get(loc, 0) != 0):
                # it should have seen, or come later than, our message
                if rank.at(after.view, loc) < rank.of[ident]:
                    return None
    return sc_order[:place] + (event,) + sc_order[place:]


def execute(op, thread, memory, sc_order, number, opt):
    """Yield every (memory, seq_cst order, thread) after one instruction."""
    regs = dict(thread.regs)
    name = (number, thread.events)
    sc_name = ('S',) + name
    thread = thread._replace(events=thread.events + 1)

    if op[0] == 'fence':
        rank = Ranks(memory, sc_order)
        if acquires(op[1]):
            thread = thread._replace(cur=rank.join(thread.cur, thread.acq))
        if op[1] != 'sc':
            yield memory, sc_order, thread._replace(rel=thread.cur) if releases(op[1]) else thread
            return
        for place, floor in sc_places(memory, sc_order, thread.cur, True):
            # learns all that earlier seq_cst events made known
            view = rank.join(thread.cur, floor)
            order = sc_insert(memory, sc_order, place, ScEvent(sc_name, 'F', view), opt)
            if order is not None:
                view = updated(view, 'S', sc_name)
                yield memory, order, thread._replace(cur=view, acq=view, rel=view)

    elif op[0] == 'store':
        loc, order = op[1], op[3]
        for place, floor in sc_places(memory, sc_order, thread.cur, order == 'sc'):
            rank = Ranks(memory, sc_order)
            lowest = max(rank.at(thread.cur, loc), rank.at(floor, loc))
            for after in range(lowest, len(memory[loc])):
                yield from write(loc, after, value(op[2], regs), order, None, thread, memory,
                                 sc_order, name, place, opt)

    else:
        loc = op[2]
        kinds = [op[3]] if op[0] == 'load' else [op[4]] if op[0] != 'cas' else [op[5], op[6]]
        for succeed, order in enumerate(kinds[::-1] if op[0] == 'cas' else kinds):
            for place, floor in sc_places(memory, sc_order, thread.cur, order == 'sc'):
                rank = Ranks(memory, sc_order)
                lowest = max(rank.at(thread.cur, loc), rank.at(floor, loc))
                for n in range(lowest, len(memory[loc])):
                    message = memory[loc][n]
                    written = modify(op, message.val, regs)
                    if is_weak(op) and not succeed:
                        written = None
                    if op[0] == 'cas' and (written is not None) != bool(succeed):
                        # success and failure have different orders
                        continue
                    new = read(loc, message, op[1], order, thread, rank)
                    if is_weak(op):
                        new = new._replace(regs=updated(new.regs, op[7], succeed))
                    if place is not None and place < rank.at(new.cur, 'S'):
                        # it synchronised with something after its place
                        continue
                    if written is not None:
                        yield from write(loc, n, written, order, message, new, memory, sc_order,
                                         name, place, opt)
                        continue
                    event = ScEvent(sc_name, 'R', ((loc, message.id),))
                    order2 = sc_insert(memory, sc_order, place, event, opt)
                    if order2 is not None:
                        yield memory, order2, mark_sc(new, sc_name) if place is not None else new


def read(loc, message, reg, order, thread, rank):
    seen = ((loc, message.id),) if message.id else ()
    cur = rank.join(thread.cur, seen, message.view if acquires(order) else ())
    return thread._replace(regs=updated(thread.regs, reg, message.val), cur=cur,
                           acq=rank.join(thread.acq, cur, message.view))


def write(loc, after, val, order, replaced, thread, memory, sc_order, name, place, opt):
    """Yield the result of inserting a message after index 'after', if nothing forbids it."""
    messages = memory[loc]
    if after + 1 < len(messages) and messages[after + 1].is_rmw:
        # an RMW stays next to the message it read
        return
    mem = dict(memory)
    mem[loc] = messages[:after + 1] + (Message(name, val, (),
                                               replaced is not None),) + messages[after + 1:]
    sc_name = ('S',) + name
    new_order = sc_insert(mem, sc_order, place, ScEvent(sc_name, 'W', ((loc, name),)), opt)
    if new_order is None:
        return
    if place is not None:
        thread = mark_sc(thread, sc_name)
    rank = Ranks(mem, new_order)
    own = ((loc, name),)
    cur, acq = rank.join(thread.cur, own), rank.join(thread.acq, own)
    published = rank.join(cur if releases(order) else rank.join(thread.rel, own),
                          dict(thread.own_releases).get(loc, ()),
                          # an RMW continues the release sequence it read from
                          replaced.view if replaced else ())
    mem[loc] = tuple(m._replace(view=published) if m.id == name else m for m in mem[loc])
    if releases(order) and opt.cpp11_release_sequences:
        thread = thread._replace(own_releases=updated(thread.own_releases, loc, cur))
    yield mem, new_order, thread._replace(cur=cur, acq=acq)


def mark_sc(thread, sc_name):
    return thread._replace(cur=updated(thread.cur, 'S', sc_name), acq=updated(thread.acq, 'S',
                                                                              sc_name))
