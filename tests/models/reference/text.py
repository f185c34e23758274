"""Programs of lang.py as C litmus texts."""
ORDERS = {'rlx': 'relaxed', 'acq': 'acquire', 'rel': 'release', 'ar': 'acq_rel', 'sc': 'seq_cst'}


def order(name):
    return 'memory_order_' + ORDERS[name]


def statement(op, expected):
    """One C11 instruction; expected: the cell of a compare-and-swap."""
    kind = op[0]
    if kind == 'load':
        return f'int {op[1]} = atomic_load_explicit({op[2]},{order(op[3])});'
    if kind == 'store':
        return f'atomic_store_explicit({op[1]},{op[2]},{order(op[3])});'
    if kind == 'fence':
        return f'atomic_thread_fence({order(op[1])});'
    if kind == 'cas':  # the register: whether it swapped
        return (f'int {op[1]} = atomic_compare_exchange_strong_explicit({op[2]},{expected},'
                f'{op[4]},{order(op[5])},{order(op[6])});')
    function = {'xchg': 'exchange', 'add': 'fetch_add'}[kind]
    return f'int {op[1]} = atomic_{function}_explicit({op[2]},{op[3]},{order(op[4])});'


def litmus_text(threads, locations):
    """A text that shows every location and register."""
    cells, bodies, registers = [], [], []
    for t, thread in enumerate(threads):
        mine, code = [], []
        for n, op in enumerate(thread):
            if op[0] == 'cas':
                mine.append((f'e{t}{n}', op[3]))
            if op[0] not in ('store', 'fence'):
                registers.append(f'{t}:{op[1]}')
            code.append(statement(op, f'e{t}{n}'))
        cells += mine
        names = ', '.join([f'atomic_int* {name}' for name in locations] +
                          [f'int* {name}' for name, _ in mine])
        bodies.append(f'P{t} ({names}) {{\n  ' + '\n  '.join(code) + '\n}\n')
    init = ' '.join(f'[{name}]={value};' for name, value in
                    [(name, 0) for name in locations] + cells)
    shown = ';'.join([*locations, *registers])
    return f'C known\n{{ {init} }}\n\n' + '\n'.join(bodies) + f'\nlocations [{shown};]\n'
