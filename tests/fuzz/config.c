/*
 * config.c - config.json: everything that is checked before anything is created.
 *
 * What is accepted is kept by `create` as the container's own copy, and read again
 * by every later command: the copy must be accepted too, and be the same document.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <string.h>

#include "02-runc/container.h"
#include "fuzz.h"

static const char path[] = FUZZ_DIR "/config.json";

/* A filter comes from the profile; the second time from the cache, and is the same. */
static void filters(const struct runc_config *c)
{
	struct runc_filter first = RUNC_FILTER_INIT, second = RUNC_FILTER_INIT;
	struct err err;

	if (!runc_seccomp_build(c->seccomp, &first, &err)) {
		MUST(!runc_seccomp_build(c->seccomp, &second, &err));
		MUST(first.n == second.n && first.flags == second.flags);
		MUST(!first.n || !memcmp(first.bpf, second.bpf, first.n * sizeof *first.bpf));
	}
	runc_seccomp_free(&first);
	runc_seccomp_free(&second);
}

static void kept_copy(const struct runc_config *c)
{
	AUTO_CONFIG struct runc_config again = { .doc = NULL };
	AUTO_FREE char *text = jsonx_text(c->doc);
	struct err err = { .msg = "" };

	fuzz_file(path, text, strlen(text));
	MUST(!runc_config_load(&again, AT_FDCWD, path, &err));
	MUST(json_equal(c->doc, again.doc));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CONFIG struct runc_config c = { .doc = NULL };
	AUTO_FREE char *cgroup = NULL;
	struct err err = { .msg = "" };

	fuzz_file(path, data, size);
	if (runc_config_load(&c, AT_FDCWD, path, &err)) {
		MUST(err.kind != ERR_NONE && *err.msg);
		return 0;
	}
	runc_sysctl_check(&c, &err);
	cgroup = runc_cgroup_path(&c, "fuzz");
	filters(&c);
	kept_copy(&c);
	return 0;
}
