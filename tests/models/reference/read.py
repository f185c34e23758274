"""Reader for a subset of herd's C litmus format: parse(text) -> Test.

Locations that are plain int* and used by one thread only (the 'expected' cells of
compare-exchange) become registers named like the location, prefixed with '.', and are renamed
back in the final states.
"""
import re
from collections import namedtuple

# condition: (quantifier, function of a state dict)
Test = namedtuple('Test', 'name program observed condition')
ORDER = {'relaxed': 'rlx', 'consume': 'acq', 'acquire': 'acq', 'release': 'rel', 'acq_rel': 'ar',
         'seq_cst': 'sc'}
TOKEN = re.compile(r'\s*(memory_order_\w+|[A-Za-z_]\w*|\d+|==|!=|<=|&&|\|\||'
                   r'[-+*<>=(){};,&|^!\[\]])')


class Parser:
    def __init__(self, text, thread, pointers):
        self.tokens = TOKEN.findall(re.sub(r'\(\*.*?\*\)|/\*.*?\*/|//[^\n]*', ' ', text,
                                           flags=re.S))
        self.pos, self.thread, self.pointers, self.code, self.temps = 0, thread, pointers, [], 0

    def peek(self, ahead=0):
        return self.tokens[self.pos + ahead] if self.pos + ahead < len(self.tokens) else None

    def take(self, want=None):
        token = self.peek()
        if want is not None and token != want:
            raise SyntaxError('expected %s, got %s' % (want, token))
        self.pos += 1
        return token

    def temp(self):
        self.temps += 1
        return '$t%d' % self.temps

    def statement(self):
        token = self.peek()
        if token == '{':
            self.take()
            while self.peek() != '}':
                self.statement()
            self.take()
        elif token == ';':
            self.take()
        elif token == 'if':
            self.take()
            self.take('(')
            cond = self.expression()
            self.take(')')
            otherwise, end = self.temp(), self.temp()
            self.code.append(('jz', cond, otherwise))
            self.statement()
            if self.peek() == 'else':
                self.take()
                self.code.append(('jmp', end))
                self.code.append(('label', otherwise))
                self.statement()
                self.code.append(('label', end))
            else:
                self.code.append(('label', otherwise))
        elif token in ('while', 'for', 'do'):
            raise SyntaxError('loops are not read')
        else:
            if token in ('int', 'volatile'):
                self.take()
                if self.peek() == 'int':
                    self.take()
            if self.peek() == '*':                              # *loc = expr
                self.take()
                loc = self.take()
                self.take('=')
                self.store(loc, self.expression(), 'na')
            elif self.peek(1) == '=':
                reg = self.take()
                self.take()
                self.code.append(('let', reg, self.expression()))
            elif self.peek(1) == ';':
                self.code.append(('let', self.take(), 0))
            else:
                self.expression()
            self.take(';')

    def store(self, loc, val, order):
        if loc in self.private:
            self.code.append(('let', '.' + loc, val))
        else:
            self.code.append(('store', loc, val, order))

    def expression(self):
        left = self.simple()
        while self.peek() in ('+', '-', '*', '==', '!=', '<', '&', '|', '^'):
            left = (self.take(), left, self.simple())
        return left

    def simple(self):
        token = self.take()
        if token == '(':
            inner = self.expression()
            self.take(')')
            return inner
        if token == '-':
            return ('-', 0, self.simple())
        if token == '!':
            return ('==', self.simple(), 0)
        if token == '*':
            loc, reg = self.take(), self.temp()
            if loc in self.private:
                return '.' + loc
            self.code.append(('load', reg, loc, 'na'))
            return reg
        if token.isdigit():
            return int(token)
        if not token.startswith('atomic_'):
            return token
        self.take('(')
        args = []
        while self.peek() != ')':
            if self.peek() == '&':
                self.take()
            args.append(ORDER[self.take()[13:]] if self.peek().startswith('memory_order_')
                        else self.expression())
            if self.peek() == ',':
                self.take()
        self.take(')')
        kind, reg = token.replace('atomic_', '').replace('_explicit', ''), self.temp()
        if not token.endswith('_explicit') and kind != 'thread_fence':
            args += ['sc']
        if kind == 'thread_fence':
            self.code.append(('fence', args[0]))
        elif kind == 'load':
            self.code.append(('load', reg, args[0], args[1]))
        elif kind == 'store':
            self.code.append(('store',) + tuple(args))
        elif kind == 'exchange':
            self.code.append(('xchg', reg) + tuple(args))
        elif kind == 'fetch_add':
            self.code.append(('add', reg) + tuple(args))
        elif kind.startswith('compare_exchange'):
            loc, expected, desired = args[:3]
            orders = args[3:] if len(args) == 5 else ['sc', 'sc']
            if expected in self.private:
                want = '.' + expected
            else:
                want = self.temp()
                self.code.append(('load', want, expected, 'na'))
            matched, skip = self.temp(), self.temp()
            swap = ('cas', reg, loc, want, desired) + tuple(orders)
            self.code += ([swap + (matched,)] if 'weak' in kind
                          else [swap, ('let', matched, ('==', reg, want))])
            self.code.append(('jz', ('==', matched, 0), skip))
            # on failure *expected becomes the value read
            self.store(expected, reg, 'na')
            self.code.append(('label', skip))
            return matched
        else:
            raise SyntaxError(token)
        return reg


def parse_condition(text):
    text = text.strip()
    quantifier = re.match(r'~?\s*exists|forall', text).group(0).replace(' ', '')
    body = text[re.match(r'~?\s*exists|forall', text).end():]
    body = re.sub(r'\[(\w+)\]', r'\1', body)
    body = re.sub(r'(\d+:\w+|\b[A-Za-z_]\w*)\s*(!?=)\s*(-?\d+)',
                  lambda m: 's[%r]%s%s' % (m.group(1), '==' if m.group(2) == '=' else '!=',
                                           m.group(3)), body)
    body = body.replace('/\\', ' and ').replace('\\/', ' or ').replace('~',
            ' not ').replace('true', 'True')
    return quantifier, eval('lambda s: (' + ' '.join(body.split()) + ')')


def parse(text):
    text = re.sub(r'\(\*.*?\*\)', ' ', text, flags=re.S)
    name = re.match(r'\s*C\s+(\S+)', text).group(1)
    init_text = re.search(r'\{(.*?)\}', text, re.S).group(1)
    init = {m[0]: int(m[1]) for m in re.findall(r'\[?(\w+)\]?\s*=\s*(-?\d+)', init_text)}
    heads = list(re.finditer(r'^P(\d+)\s*\((.*?)\)\s*(?=\{)', text, re.M | re.S))
    last = heads[-1].end()
    tail = re.search(r'^\s*(locations|exists|~\s*exists|forall|$(?![\s\S]))', text[last:], re.M)
    ends = [h.start() for h in heads[1:]] + [tail.start() + last]
    # per thread: {name: is plain int}
    pointers = []
    for h in heads:
        pointers.append({re.search(r'(\w+)\s*$', p).group(1): 'atomic' not in p
                         for p in h.group(2).split(',') if p.strip()})
    threads, private_to = [], {}
    for t, (h, end) in enumerate(zip(heads, ends)):
        parser = Parser(text[h.end():end], t, pointers[t])
        parser.private = {loc for loc, plain in pointers[t].items()
                          if plain and all(loc not in p for n, p in enumerate(pointers) if n != t)}
        for loc in parser.private:
            parser.code.append(('let', '.' + loc, init.get(loc, 0)))
            private_to[loc] = t
        for loc in pointers[t]:
            init.setdefault(loc, 0)
        parser.statement()
        threads.append(parser.code)
    rename = {'%d:.%s' % (t, loc): loc for loc, t in private_to.items()}
    for loc in rename.values():
        init.pop(loc)
    tail = text[ends[-1]:]
    observed = re.search(r'locations\s*\[(.*?)\]\s*(?=$|\n|exists|forall|~)', tail, re.S)
    observed = [w.strip('[] ') for w in re.split('[;,]', observed.group(1))
                if w.strip('[] ')] if observed else []
    cond = re.search(r'(~?\s*exists|forall).*', tail, re.S)
    test = Test(name, (threads, init), observed, parse_condition(cond.group(0)) if cond else None)
    return test, rename
