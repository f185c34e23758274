"""x86-TSO: each thread has a queue of stores that reach memory later, oldest first.

A load prefers its own thread's youngest queued store. Locked instructions (exchange, add,
compare-and-swap, a seq_cst store) and a full fence run only when the queue is empty.
"""
from . import program as p


def locked(instruction):
    """Whether the instruction waits for an empty queue."""
    return (instruction[0] in "XAC" or instruction == ("F", "sc")
            or (instruction[0] == "S" and instruction[3] == "sc"))


def final_states(threads):
    """Every final state of the program."""
    def perform(state, t, instruction):
        memory, registers, done, queues = state
        kind, after = instruction[0], p.changed(done, t, done[t] + 1)
        if kind == "F":
            return memory, registers, after, queues
        if kind == "S":
            place = p.LOCATIONS.index(instruction[1])
            if instruction[3] == "sc":
                return p.changed(memory, place, instruction[2]), registers, after, queues
            longer = queues[t] + ((place, instruction[2]),)
            return memory, registers, after, p.changed(queues, t, longer)
        place = p.LOCATIONS.index(instruction[2])
        own = [value for where, value in queues[t] if where == place]
        old = own[-1] if own else memory[place]
        known = p.changed(registers, p.register(t, instruction), old)
        if kind != "L":
            memory = p.changed(memory, place, p.swapped(instruction, old))
        return memory, known, after, queues

    def successors(state):
        memory, registers, done, queues = state
        for t, thread in enumerate(threads):
            if queues[t]:
                place, value = queues[t][0]
                yield (p.changed(memory, place, value), registers, done,
                       p.changed(queues, t, queues[t][1:]))
            if done[t] < len(thread) and not (queues[t] and locked(thread[done[t]])):
                yield perform(state, t, thread[done[t]])

    start = ((0,) * len(p.LOCATIONS), (0,) * (p.THREADS * p.REGISTERS), (0,) * len(threads),
             ((),) * len(threads))
    return {state[0] + state[1] for state in p.reached(start, successors)}
