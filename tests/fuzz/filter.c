/*
 * filter.c - compiled filters on disk: a container's seccomp.bpf, and the cache.
 *
 * The input: a byte for how the file that the runtime wrote is changed, two for where,
 * and the bytes that are put there; or, with 'r', that replace it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "02-runc/seccomp.h"
#include "fuzz.h"

#define CONTAINER FUZZ_DIR "/container"
#define CACHE "/run/dockyard/seccomp"

static json_t *profile;
static struct strbuf own, cached; /* the two files as they were written */
static char cache_file[64];
static int container;

void fuzz_begin(void)
{
	struct runc_filter f = RUNC_FILTER_INIT;
	struct dirent *e;
	struct err err;
	DIR *d;

	profile = json_pack("{s:s, s:[{s:[s], s:s}]}", "defaultAction", "SCMP_ACT_ALLOW", "syscalls",
			    "names", "chmod", "action", "SCMP_ACT_ERRNO");
	mkdir(CONTAINER, 0755);
	container = open(CONTAINER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	MUST(!runc_seccomp_build(profile, &f, &err) && !runc_seccomp_save(&f, container, &err));
	MUST(!file_read(container, "seccomp.bpf", &own, SIZE_MAX, &err));
	runc_seccomp_free(&f);
	d = opendir(CACHE);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			snprintf(cache_file, sizeof cache_file, CACHE "/%.8s", e->d_name);
	MUST(d && !file_read(AT_FDCWD, cache_file, &cached, SIZE_MAX, &err));
	closedir(d);
}

static void write_changed(const char *path, const struct strbuf *was, const uint8_t *data, size_t size)
{
	AUTO_STRBUF struct strbuf now = STRBUF_INIT;
	size_t at, n;

	if (size < 3 || data[0] == 'r') {
		fuzz_file(path, data + (size > 0), size - (size > 0));
		return;
	}
	at = (data[1] | (size_t)data[2] << 8) % (was->len + 1);
	data += 3;
	size -= 3;
	strbuf_add(&now, was->data, was->len);
	n = size < was->len - at ? size : was->len - at;
	memcpy(now.data + at, data, n);
	if (n < size)
		strbuf_add(&now, data + n, size - n); /* longer */
	fuzz_file(path, now.data, data[-3] == 'c' ? at : now.len); /* or cut off */
}

static volatile uint32_t seen; /* so that what is read below is read */

static void sane(const struct runc_filter *f)
{
	MUST(f->n <= BPF_MAXINSNS);
	MUST(!f->n == !f->bpf);
	for (size_t i = 0; i < f->n; i++)
		seen += f->bpf[i].k; /* ASan: there are as many as it says */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct runc_filter a = RUNC_FILTER_INIT, b = RUNC_FILTER_INIT;
	struct err err = { .msg = "" };

	write_changed(CONTAINER "/seccomp.bpf", &own, data, size);
	write_changed(cache_file, &cached, data, size);
	MUST(!runc_seccomp_load(&a, container, &err) || *err.msg);
	sane(&a);
	runc_seccomp_recall(profile, &b);
	sane(&b);
	runc_seccomp_free(&a);
	runc_seccomp_free(&b);
	return 0;
}
