/* What this program was built from. Defined in main.c, the only file of fuzz/
 * that is compiled per target and variant.
 */
#ifndef FUZZ_BUILD_H
#define FUZZ_BUILD_H

struct build {
	const char *target, *variant, *lane;
	const char *code; /* hash of the target's sources */
	const char *id;   /* the same with the compiler */
};

extern const struct build build;

#endif
