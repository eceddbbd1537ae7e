/*
 * find.c - which file is the program: a name and a PATH that an image chose.
 *
 * The input: a line with the name, then a line per variable.
 */
#include <string.h>

#include "02-runc/process.h"
#include "fuzz.h"

#define MAX_LINES 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size), *found = NULL;
	char *lines[MAX_LINES] = { "" };
	struct err err = { .msg = "" };
	int n;

	fuzz_lines(text, lines, MAX_LINES, &n);
	if (!runc_find_program(n ? lines[0] : "", lines + (n > 0), &found, &err)) {
		MUST(found && strchr(found, '/'));
	} else {
		MUST(!found && *err.msg);
		MUST(err.kind == ERR_NO_PROGRAM || err.kind == ERR_NOT_EXECUTABLE);
	}
	return 0;
}
