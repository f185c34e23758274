#include "json.h"

#include <stdio.h>

#include "build.h"

void put_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			printf("\\u%04x", *s);
		else
			putchar(*s);
	}
	putchar('"');
}

void put_field(const char *name, const char *value)
{
	printf(",\"%s\":", name);
	put_string(value);
}

void put_head(const char *kind, const struct test_case *c)
{
	printf("{\"schema\":1,\"kind\":\"%s\"", kind);
	put_field("target", build.target);
	put_field("variant", build.variant);
	put_field("lane", build.lane);
	if (c)
		put_field("case", c->name);
}
