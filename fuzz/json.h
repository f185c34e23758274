/* JSON on stdout, a piece at a time.
 */
#ifndef FUZZ_JSON_H
#define FUZZ_JSON_H

#include "base/case.h"

/* A string in quotes, escaped. */
void put_string(const char *s);
/* ,"name":"value" */
void put_field(const char *name, const char *value);
/* The beginning of an object, up to the case; NULL: of none. */
void put_head(const char *kind, const struct test_case *c);

#endif
