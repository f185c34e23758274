"""Small concurrent programs: random ones, and as text for tests/unit/explore_programs.c.

A program is a list of threads, a thread a list of instructions, an instruction a tuple:
("L", register, location, order)  ("S", location, value, order)  ("F", order)
("X" or "A", register, location, value)  ("C", register, location, expected, value).
Locations are x, y and z and begin as 0; registers are r0 to r3. A final state is the tuple
of the three locations and then, thread by thread, the four registers of three threads.
"""
LOCATIONS = "xyz"
REGISTERS = 4
THREADS = 3


def text(program):
    """The program as explore_programs.c reads it."""
    return " | ".join(" ; ".join(" ".join(str(word) for word in instruction)
                                 for instruction in thread) for thread in program)


def swapped(instruction, old):
    """What a read-modify-write leaves where it found old."""
    kind = instruction[0]
    if kind == "X":
        return instruction[3]
    if kind == "A":
        return old + instruction[3]
    return instruction[4] if old == instruction[3] else old


def random_program(rnd, longer=0, equal=False):
    """Two or three threads of two to four instructions, or some more.

    Stores write distinct values, or, equal, few.
    """
    count = rnd.choice((2, 2, 3))
    places = LOCATIONS[:rnd.choice((2, 2, 3))]
    values = (rnd.randrange(3) for _ in range(100)) if equal else iter(range(1, 100))
    threads = []
    for _ in range(count):
        thread = []
        for n in range(rnd.randint(2, (4 if count == 2 else 3) + longer)):
            kind, place = rnd.choice("LLLSSSFXAC"), rnd.choice(places)
            reg = f"r{n % REGISTERS}"
            if kind == "L":
                thread.append(("L", reg, place, rnd.choice(("rlx", "acq", "sc"))))
            elif kind == "S":
                thread.append(("S", place, next(values), rnd.choice(("rlx", "rel", "sc"))))
            elif kind == "F":
                thread.append(("F", rnd.choice(("sc", "sc", "acq"))))
            elif kind == "C":
                thread.append(("C", reg, place, 0, next(values)))
            else:
                thread.append((kind, reg, place, next(values)))
        threads.append(thread)
    return threads


def reached(start, successors):
    """The states without a successor that can be reached from start."""
    seen, todo, ends = {start}, [start], set()
    while todo:
        state = todo.pop()
        following = list(successors(state))
        if not following:
            ends.add(state)
        for other in following:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return ends


def changed(values, index, value):
    """The tuple with one element replaced."""
    return values[:index] + (value,) + values[index + 1:]


def register(thread, instruction):
    """The index of an instruction's register among all registers."""
    return thread * REGISTERS + int(instruction[1][1:])
