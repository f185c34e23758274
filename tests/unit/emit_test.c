/* links: stress/engine/emit.c */
#include <math.h>

#include "engine/emit.h"
#include "tests/unit/check.h"

static char *text;
static size_t size;
static FILE *out;

static void begin(void)
{
	out = open_memstream(&text, &size);
	CHECK(out);
}

static void check_wrote(const char *wanted)
{
	fclose(out);
	CHECK_STR(text, wanted);
	free(text);
}

TEST(values)
{
	begin();
	json_object(out, NULL);
	json_text(out, "a", "b");
	json_text(out, "n", NULL);
	json_count(out, "most", UINT64_MAX);
	json_int(out, "least", INT64_MIN);
	json_real(out, "half", 0.5);
	json_bool(out, "yes", true);
	json_bool(out, "no", false);
	json_null(out, "nothing");
	json_end(out);
	check_wrote("{\"a\":\"b\",\"n\":null,\"most\":18446744073709551615,"
		    "\"least\":-9223372036854775808,\"half\":0.5,\"yes\":true,\"no\":false,"
		    "\"nothing\":null}\n");
}

TEST(nesting)
{
	begin();
	json_object(out, NULL);
	json_array(out, "empty");
	json_end(out);
	json_array(out, "list");
	json_int(out, NULL, 1);
	json_object(out, NULL);
	json_end(out);
	json_array(out, NULL);
	json_text(out, NULL, "x");
	json_text(out, NULL, "y");
	json_end(out);
	json_end(out);
	json_int(out, "after", 2);
	json_end(out);
	json_object(out, NULL); /* a second line */
	json_end(out);
	check_wrote("{\"empty\":[],\"list\":[1,{},[\"x\",\"y\"]],\"after\":2}\n{}\n");
}

TEST(what_json_cannot_hold)
{
	begin();
	json_array(out, NULL);
	json_text(out, NULL, "\" \\ \n \t \1 \x1f \x7f é");
	json_real(out, NULL, NAN);
	json_real(out, NULL, INFINITY);
	json_real(out, NULL, -INFINITY);
	json_end(out);
	check_wrote("[\"\\\" \\\\ \\u000a \\u0009 \\u0001 \\u001f \x7f é\",null,null,null]\n");
}
