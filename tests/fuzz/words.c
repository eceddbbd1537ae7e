/*
 * words.c - the small parsers: signals, capabilities, ids, mount options, arguments.
 *
 * The input: a letter that says which, and the text.
 */
#include <signal.h>
#include <string.h>

#include "01-kernel/caps.h"
#include "01-kernel/cgroup.h"
#include "01-kernel/mount.h"
#include "01-kernel/ns.h"
#include "02-runc/options.h"
#include "02-runc/state.h"
#include "fuzz.h"

static void signals(char *text)
{
	struct err err;
	int sig = kern_signal_parse(text, &err);
	const char *name = sig > 0 ? kern_signal_name(sig) : NULL;

	MUST(sig == -1 || (sig >= 1 && sig <= SIGRTMAX));
	if (name)
		MUST(kern_signal_parse(name, &err) == sig);
}

static void capabilities(char *text)
{
	int cap = kern_caps_parse(text);

	MUST(cap == -1 || (cap >= 0 && cap < 64));
	if (cap >= 0)
		MUST(kern_caps_parse(kern_caps_name(cap)) == cap);
}

static void ids(char *text)
{
	struct err err;

	if (!runc_state_check_id(text, &err))
		MUST(!strchr(text, '/') && strcmp(text, "..") && strcmp(text, ".") && *text);
}

/* A word per line. */
static void mount_options(char *text)
{
	struct kern_mount_options o = { .set = 0 };
	struct err err;
	char *save = NULL;

	for (char *w = strtok_r(text, "\n", &save); w; w = strtok_r(NULL, "\n", &save))
		if (kern_mount_option(&o, w, &err))
			MUST(err.kind == ERR_INVALID || err.kind == ERR_UNSUPPORTED);
	MUST(memchr(o.data, '\0', sizeof o.data));
	MUST(!(o.set & o.clear) && !(o.rec_set & o.rec_clear & ~UINT64_C(0x70)));
}

static void arguments(char *text)
{
	AUTO_STRLIST struct strlist list = STRLIST_INIT;
	const char *word = NULL;
	bool flag = false;
	int number = 0, n, rest = -1;
	const struct option_def defs[] = {
		{ "text", 't', OPTION_TEXT, &word, "" }, { "flag", 'f', OPTION_FLAG, &flag, "" },
		{ "number", 'n', OPTION_NUMBER, &number, "" }, { "list", 'l', OPTION_LIST, &list, "" },
		{ NULL },
	};
	char *argv[64];
	struct err err = { .msg = "" };

	fuzz_lines(text, argv, 64, &n);
	if (!runc_options_parse(defs, n, argv, &rest, &err))
		MUST(rest >= -1 && rest <= n); /* -1: help was asked for */
	else
		MUST(err.kind == ERR_INVALID && *err.msg);
}

/* Whatever is asked for, it is no group outside the hierarchy, and not its root. */
static void cgroup_paths(char *text)
{
	struct err err = { .msg = "" };
	struct kern_cgroup *cg = kern_cgroup_open(text, &err);

	if (cg && !kern_cgroup_absent(cg))
		MUST(!strstr(text, "/../") && text[strspn(text, "./")]);
	else if (cg)
		MUST(!*text);
	else
		MUST(*err.msg);
	kern_cgroup_free(cg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);

	switch (*text) {
	case 's': signals(text + 1); break;
	case 'c': capabilities(text + 1); break;
	case 'i': ids(text + 1); break;
	case 'm': mount_options(text + 1); break;
	case 'a': arguments(text + 1); break;
	case 'g': cgroup_paths(text + 1); break;
	case 'n': kern_ns_by_oci_name(text + 1); break;
	}
	return 0;
}
