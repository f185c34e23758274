/* JSON objects on one line, written in order. */
#ifndef ENGINE_EMIT_H
#define ENGINE_EMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Where a value belongs: key is NULL inside an array. Every call writes one
 * value. */
void json_object(FILE *f, const char *key);
void json_array(FILE *f, const char *key);
/* Ends the innermost object or array; the outermost one with a newline. */
void json_end(FILE *f);
void json_text(FILE *f, const char *key, const char *value); /* NULL: null */
void json_count(FILE *f, const char *key, uint64_t value);
void json_int(FILE *f, const char *key, int64_t value);
void json_real(FILE *f, const char *key, double value);
void json_bool(FILE *f, const char *key, bool value);
void json_null(FILE *f, const char *key);
/* "cpu_s": processor time of this process and of its children that have ended,
 * in seconds: on a loaded machine that is the exposure, and wall time is
 * not. */
void json_cpu(FILE *f);

#endif
