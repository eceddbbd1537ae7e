/*
 * passwd.c - HOME, from a container's /etc/passwd (runc_process_environment).
 *
 * The input: a line with the user id, a line per variable, an empty line, the file.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "02-runc/process.h"
#include "fuzz.h"

#define ROOT FUZZ_DIR "/rootfs"
#define MAX_ENV 64

static int root;

void fuzz_begin(void)
{
	mkdir(ROOT, 0755);
	mkdir(ROOT "/etc", 0755);
	root = open(ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	char *lines[MAX_ENV] = { NULL };
	const char *env[MAX_ENV], *rest;
	struct runc_process p = { .env = env };
	struct runc_launch l = { .process = &p, .proc = -1 };
	struct err err;
	size_t n = 0, homes = 0;
	int count;

	rest = fuzz_lines(text, lines, MAX_ENV, &count);
	p.uid = count ? (uid_t)strtoul(lines[0], NULL, 10) : 0;
	for (int i = 1; i < count; i++)
		if (strchr(lines[i], '=')) /* the others config_process.c refuses */
			env[n++] = lines[i];
	env[n] = NULL;
	/* With its NULs: not every image has a text there. */
	fuzz_file(ROOT "/etc/passwd", data + (rest - text), size - (size_t)(rest - text));
	MUST(!runc_process_environment(&l, root, &err));
	for (size_t i = 0; i < l.env.n; i++)
		homes += !strncmp(l.env.v[i], "HOME=", 5);
	MUST(homes == 1);
	strlist_free(&l.env);
	return 0;
}
