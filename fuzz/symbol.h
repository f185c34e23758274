/* Where a program counter stands: function, file and line, from the program's
 * own debug information, looked up only when something is to be shown.
 */
#ifndef FUZZ_SYMBOL_H
#define FUZZ_SYMBOL_H

struct site {
	void *pc;            /* a return address */
	char function[64];   /* "?" if unknown; innermost, inlined ones included */
	char file[128];      /* as the compiler was given it */
	unsigned line;
	char source[80];     /* the line's text, "" where the file is not there */
};

/* Looks up n return addresses at once with addr2line (or llvm-symbolizer, its
 * relative); equal ones only once. What cannot be found is "?" and line 0. */
void symbol_lookup(struct site *site, unsigned n);
/* Writes "function file:line" or the bare address into text[size]. */
void symbol_text(const struct site *s, char *text, unsigned size);

#endif
