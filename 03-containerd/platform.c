/*
 * platform.c - see platform.h. Names and values: OCI image-spec, image-index.md,
 * "Platform Variants", and Go's GOOS and GOARCH lists.
 */
#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"

static const struct {
	const char *alias, *arch, *variant;
} aliases[] = {
	{ "x86_64", "amd64", "" },   { "x86-64", "amd64", "" }, { "aarch64", "arm64", "" },
	{ "armhf", "arm", "v7" },    { "armel", "arm", "v6" },  { "armv7l", "arm", "v7" },
	{ "armv6l", "arm", "v6" },   { "i386", "386", "" },     { "i686", "386", "" },
	{ "loongarch64", "loong64", "" },
};

/* Bring to one spelling; a variant that says nothing more is dropped. */
static void normalise(struct ctrd_platform *p)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcasecmp(p->arch, aliases[i].alias)) {
			strcpy(p->arch, aliases[i].arch);
			if (!*p->variant)
				strcpy(p->variant, aliases[i].variant);
			break;
		}
	if (p->variant[0] >= '0' && p->variant[0] <= '9') { /* "8" for "v8" */
		memmove(p->variant + 1, p->variant, sizeof(p->variant) - 2);
		p->variant[0] = 'v';
	}
	if (!strcmp(p->arch, "arm64") && !strcmp(p->variant, "v8"))
		*p->variant = '\0';
	if (!strcmp(p->arch, "amd64") && !strcmp(p->variant, "v1"))
		*p->variant = '\0';
	if (!strcmp(p->arch, "arm") && !*p->variant)
		strcpy(p->variant, "v7");
}

/* Go's, those that Linux images are made for. */
static bool is_known(const char *arch)
{
	static const char *const known[] = { "386",	"amd64",  "arm",     "arm64",	 "loong64", "mips",  "mips64",
					     "mips64le", "mipsle", "ppc64",   "ppc64le", "riscv64", "s390x", "wasm", NULL };

	return words_have(known, arch);
}

static int set(char *out, size_t size, const char *text, size_t n, struct err *err)
{
	if (!n || n >= size)
		return err_set(err, ERR_INVALID, "malformed platform \"%.60s\"", text);
	memcpy(out, text, n);
	out[n] = '\0';
	return 0;
}

int ctrd_platform_parse(const char *text, struct ctrd_platform *p, struct err *err)
{
	struct utsname un;
	const char *arch, *variant;

	uname(&un);
	*p = (struct ctrd_platform){ .os = "linux" };
	if (!text || !*text) {
		snprintf(p->arch, sizeof(p->arch), "%.31s", un.machine);
		normalise(p);
		return 0;
	}
	arch = strchr(text, '/');
	if (!arch) { /* one word is an architecture, unless it is the system's name */
		bool os = !strcmp(text, "linux");

		if (set(p->arch, sizeof(p->arch), os ? un.machine : text,
			strlen(os ? un.machine : text), err))
			return -1;
		normalise(p);
		return is_known(p->arch) ? 0
					 : err_set(err, ERR_INVALID, "\"%.60s\": unknown operating system or "
						   "architecture: invalid argument", text);
	}
	variant = strchr(++arch, '/');
	if (set(p->os, sizeof(p->os), text, (size_t)(arch - 1 - text), err) ||
	    set(p->arch, sizeof(p->arch), arch, variant ? (size_t)(variant - arch) : strlen(arch),
		err) ||
	    (variant && set(p->variant, sizeof(p->variant), variant + 1, strlen(variant + 1), err)))
		return -1;
	normalise(p);
	return 0;
}

#define COUSINS 10 /* how many levels a 32-bit cousin may have: all are worse than the arch itself */

/* The number of the variant; where none is said, the base one's. */
static int level(const struct ctrd_platform *p)
{
	int n = *p->variant ? atoi(p->variant + 1) : 0;

	return n > 0 ? n : !strcmp(p->arch, "arm64") ? 8 : 1;
}

/* A 64-bit machine that runs 32-bit programs too; the same order as real containerd's. */
static int cousin_score(const struct ctrd_platform *want, const struct ctrd_platform *have)
{
	if (!strcmp(want->arch, "amd64") && !strcmp(have->arch, "386"))
		return 1;
	if (!strcmp(want->arch, "arm64") && !strcmp(have->arch, "arm") && level(have) <= 8)
		return level(have);
	return 0;
}

int ctrd_platform_score(const struct ctrd_platform *want, const json_t *have)
{
	struct ctrd_platform p = { "", "", "" };
	int wanted, got;

	snprintf(p.os, sizeof(p.os), "%s", jsonx_str(have, "os", ""));
	snprintf(p.arch, sizeof(p.arch), "%s", jsonx_str(have, "architecture", ""));
	snprintf(p.variant, sizeof(p.variant), "%s", jsonx_str(have, "variant", ""));
	normalise(&p);
	if (strcmp(p.os, want->os))
		return 0;
	if (strcmp(p.arch, want->arch))
		return cousin_score(want, &p);
	if (!strcmp(p.variant, want->variant))
		return 100;
	wanted = level(want);
	got = level(&p);
	return got < wanted && got < 50 ? COUSINS + got : 0; /* older ones run on newer machines */
}
