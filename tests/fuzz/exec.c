/*
 * exec.c - what `exec` is asked to run: options laid over the container's process, or
 * a process document of the caller's.
 *
 * The input: a line per argument, an empty line, the document. It is the value of
 * --process where the arguments have that, else the container's configuration.
 */
#include <string.h>

#include "02-runc/exec.h"
#include "fuzz.h"

#define MAX_ARGS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	char *argv[MAX_ARGS + 1] = { "exec" }, *doc;
	struct runc_exec x = RUNC_EXEC_INIT;
	struct err err = { .msg = "" };
	int argc, rest = 0;

	doc = fuzz_lines(text, argv + 1, MAX_ARGS, &argc);
	if (!runc_exec_options(&x, argc, argv + 1, &rest, &err) && rest >= 0) {
		if (x.process_file)
			x.process_file = FUZZ_DIR "/process.json";
		else
			x.config.doc = json_loads(doc, JSON_REJECT_DUPLICATES, NULL);
		fuzz_file(FUZZ_DIR "/process.json", doc, strlen(doc));
		rest++; /* the container's id */
		if (rest > argc)
			rest = argc;
		if (!runc_exec_process(&x, argc - rest, argv + 1 + rest, &err)) {
			MUST(x.process.args && x.process.args[0] && x.process.env);
			MUST(x.process.cwd[0] == '/');
		} else {
			MUST(err.kind != ERR_NONE && *err.msg);
		}
	}
	runc_exec_free(&x);
	return 0;
}
