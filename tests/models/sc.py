"""Sequential consistency: one memory, the threads' instructions interleaved."""
from . import program as p


def final_states(threads):
    """Every final state of the program."""
    def successors(state):
        memory, registers, done = state
        for t, thread in enumerate(threads):
            if done[t] == len(thread):
                continue
            instruction = thread[done[t]]
            kind, after = instruction[0], p.changed(done, t, done[t] + 1)
            if kind == "F":
                yield memory, registers, after
            elif kind == "S":
                place = p.LOCATIONS.index(instruction[1])
                yield p.changed(memory, place, instruction[2]), registers, after
            else:
                place = p.LOCATIONS.index(instruction[2])
                old = memory[place]
                known = p.changed(registers, p.register(t, instruction), old)
                left = old if kind == "L" else p.swapped(instruction, old)
                yield p.changed(memory, place, left), known, after

    start = ((0,) * len(p.LOCATIONS), (0,) * (p.THREADS * p.REGISTERS), (0,) * len(threads))
    return {memory + registers for memory, registers, _ in p.reached(start, successors)}
