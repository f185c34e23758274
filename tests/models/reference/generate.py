"""Random C11 litmus tests, as text that herd7, read.py and build/explore/litmus read."""
ORDERS = {'load': ['relaxed', 'acquire', 'seq_cst'], 'store': ['relaxed', 'release', 'seq_cst'],
          'rmw': ['relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst'],
          'fence': ['acquire', 'release', 'acq_rel', 'seq_cst', 'seq_cst']}


SC_ORDERS = {'load': ['relaxed', 'acquire', 'seq_cst', 'seq_cst'], 'store': ['relaxed',
        'release', 'seq_cst', 'seq_cst'],
             'rmw': ['relaxed', 'acq_rel', 'seq_cst', 'seq_cst'], 'fence': ['seq_cst']}


def random_c11(rnd, sc_heavy=False):
    """Text of a C litmus test, all accesses atomic.

    sc_heavy: three threads, three locations, mostly seq_cst.
    """
    fresh, threads, private, observed = dict.fromkeys('xyz' if sc_heavy else 'xy', 0), [], [], []
    orders = SC_ORDERS if sc_heavy else ORDERS

    def new(loc):
        fresh[loc] += 1
        return fresh[loc]

    count = 3 if sc_heavy else rnd.choice([2, 2, 3])
    for t in range(count):
        code, mine = [], []
        for n in range(rnd.choice([2, 3, 3]) if count == 2 else rnd.choice([2, 2, 3])):
            kind, loc = rnd.choice('LLLSSSFFX' if sc_heavy
                                   else 'LLLSSSFXCA'), rnd.choice(list(fresh))
            order = 'memory_order_' + rnd.choice(orders[{'L': 'load', 'S': 'store',
                                                         'F': 'fence'}.get(kind, 'rmw')])
            reg = 'r%d' % n
            if kind not in 'SF':
                observed.append('%d:%s' % (t, reg))
            if kind == 'L':
                code.append('int %s = atomic_load_explicit(%s,%s);' % (reg, loc, order))
            elif kind == 'S':
                code.append('atomic_store_explicit(%s,%d,%s);' % (loc, new(loc), order))
            elif kind == 'F':
                code.append('atomic_thread_fence(%s);' % order)
            elif kind == 'X':
                code.append('int %s = atomic_exchange_explicit(%s,%d,%s);' % (reg, loc, new(loc),
                                                                              order))
            elif kind == 'A':
                code.append('int %s = atomic_fetch_add_explicit(%s,10,%s);' % (reg, loc, order))
            else:
                fail = 'memory_order_' + rnd.choice(ORDERS['load'])
                expected = 'e%d%d' % (t, n)
                mine.append((expected, rnd.choice([0, 0, 1])))
                strength = rnd.choice(['strong', 'strong', 'weak'])
                code.append('int %s = atomic_compare_exchange_%s_explicit(%s,%s,%d,%s,%s);'
                            % (reg, strength, loc, expected, new(loc), order, fail))
        private += mine
        threads.append('P%d (%s%s) {\n  %s\n}\n'
                       % (t, ', '.join('atomic_int* ' + loc for loc in fresh),
                          ''.join(', int* ' + e for e, _ in mine), '\n  '.join(code)))
    init = ' '.join('[%s]=%d;' % e for e in [(loc, 0) for loc in fresh] + private)
    return 'C T\n{ %s }\n\n%s\nlocations [%s;]\nexists ([x]=99)\n' % (
        init, '\n'.join(threads), ';'.join(list(fresh) + [e for e, _ in private] + observed))
