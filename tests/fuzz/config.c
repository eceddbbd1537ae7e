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

/* In place of seccomp_guard.c: of what a child reaches libFuzzer learns nothing. */
int runc_seccomp_guard(runc_seccomp_compile *compile, const json_t *seccomp, struct runc_filter *f,
		       struct err *err)
{
	return compile(seccomp, f, err);
}

/* Then rules that keep libseccomp busy for ever must not get to it: only those with
 * several comparisons do. */
static bool endless(const json_t *seccomp)
{
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(seccomp, "syscalls"), i, rule)
		if (json_array_size(json_object_get(rule, "args")) > 1)
			return true;
	return false;
}

/* A filter comes from the profile; the second time from the cache, and is the same. */
static void filters(const struct runc_config *c)
{
	struct runc_filter first = RUNC_FILTER_INIT, second = RUNC_FILTER_INIT;
	struct err err;

	if (!endless(c->seccomp) && !runc_seccomp_build(c->seccomp, &first, &err)) {
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

/* What is said of a document names the property, from the top. */
static void names_a_property(const char *complaint)
{
	static const char *const tops[] = {
		"ociVersion", "root", "hostname", "domainname", "annotations", "process", "mounts", "hooks",
		"linux", "windows", "solaris", "vm", "zos",
		/* it is no document: jansson's words, and ours */
		"line ", "contains a NUL byte", "has more than ", "expected an object",
	};
	const char *rest = complaint + strlen(path) + 2;

	MUST(str_starts(complaint, path) && str_starts(complaint + strlen(path), ": "));
	for (size_t i = 0; i < sizeof tops / sizeof *tops; i++)
		if (str_starts(rest, tops[i]))
			return;
	fprintf(stderr, "%s\n", complaint);
	MUST(!"the complaint names a property");
}

/* What everybody behind the parser relies on. */
static void sane(const struct runc_config *c)
{
	const struct runc_process *p = &c->process;

	MUST(c->version && c->root && *c->root);
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct runc_mount *m = &c->mounts[i];

		MUST(m->destination && *m->destination && (m->bind ? m->source : m->type));
		MUST(!(m->options.set & m->options.clear));
	}
	for (int kind = 0; kind < HOOK_KINDS; kind++)
		for (size_t i = 0; i < c->hooks[kind].n; i++)
			MUST(c->hooks[kind].v[i].path[0] == '/' && c->hooks[kind].v[i].timeout >= 0);
	for (size_t i = 0; i < c->n_ns; i++)
		MUST(runc_config_ns(c, c->ns[i].type->flag) == &c->ns[i]);
	if (!p->present)
		return;
	MUST(p->args && p->args[0] && p->env && p->cwd && p->cwd[0] == '/');
	MUST(p->uid != (uid_t)-1 && p->gid != (gid_t)-1 && p->umask <= 0777);
	for (const char **e = p->env; *e; e++)
		MUST(strchr(*e, '='));
	for (size_t i = 0; i < p->n_rlimits; i++)
		MUST(p->rlimits[i].resource >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CONFIG struct runc_config c = { .doc = NULL };
	struct err err = { .msg = "" };

	fuzz_file(path, data, size);
	if (runc_config_load(&c, AT_FDCWD, path, &err)) {
		MUST(err.kind != ERR_NONE);
		names_a_property(err.msg);
		return 0;
	}
	sane(&c);
	runc_sysctl_check(&c, &err);
	kern_cgroup_free(runc_cgroup_plan(&c, "fuzz", &err));
	filters(&c);
	kept_copy(&c);
	return 0;
}
