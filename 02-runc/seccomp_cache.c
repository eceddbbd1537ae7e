/*
 * seccomp_cache.c - compiled filters, kept.
 *
 * libseccomp takes milliseconds to compile a profile like Docker's, more than
 * all the rest of `create`, and nearly every container of a machine has the same
 * one. So what was compiled is left in a small directory of files:
 *
 *     /run/dockyard/seccomp/NN    flags, length of the profile, profile, filter
 *
 * A profile's hash chooses one of 64 files, and the profile in it must be the
 * same to the byte, so that a weak hash costs time at worst. A reboot, which may
 * bring another kernel or libseccomp, empties /run. Nothing here may fail: who
 * cannot read or write the cache compiles.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "seccomp.h"

#define DIRECTORY "/run/dockyard/seccomp"
#define SLOTS 64
#define FILE_LIMIT (1u << 20) /* 64 of them are not much of /run either */

struct header {
	uint32_t flags, key_len;
};

/* What the filter depends on: the profile and who compiles it. New. */
static char *key_of(const json_t *profile)
{
	const struct scmp_version *v = seccomp_version();
	AUTO_FREE char *text = jsonx_text(profile);

	return xasprintf("%u.%u.%u api %u %zu %s", v->major, v->minor, v->micro,
			 seccomp_api_get(), sizeof(long), text);
}

static void slot_of(const char *key, char name[8])
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 1099511628211u;
	snprintf(name, 8, "%02u", (unsigned)(hash % SLOTS));
}

/* The directory, if it is ours alone: a filter that somebody else could write
 * would be no filter. -1 without an error otherwise. */
static int open_directory(bool make)
{
	AUTO_CLOSE int fd = -1;
	struct err ignored;
	struct stat st;

	if (make && file_mkdir_p(DIRECTORY, 0700, &ignored))
		return -1;
	fd = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 022))
		return -1;
	return steal_fd(&fd);
}

static bool parse(const struct strbuf *sb, const char *key, struct runc_filter *f)
{
	size_t key_len = strlen(key), bytes;
	struct header h;

	if (sb->len < sizeof h)
		return false;
	memcpy(&h, sb->data, sizeof h);
	if (h.key_len != key_len || sb->len < sizeof h + key_len ||
	    memcmp(sb->data + sizeof h, key, key_len))
		return false;
	bytes = sb->len - sizeof h - key_len;
	if (!bytes || bytes % sizeof *f->bpf || bytes / sizeof *f->bpf > BPF_MAXINSNS)
		return false;
	f->flags = h.flags;
	f->n = bytes / sizeof *f->bpf;
	f->bpf = xmalloc(bytes);
	memcpy(f->bpf, sb->data + sizeof h + key_len, bytes);
	return true;
}

bool runc_seccomp_recall(const json_t *profile, struct runc_filter *f)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	AUTO_CLOSE int dir = open_directory(false);
	AUTO_FREE char *key = NULL;
	struct err ignored;
	char name[8];

	if (dir < 0)
		return false;
	key = key_of(profile);
	slot_of(key, name);
	return !file_read(dir, name, &sb, FILE_LIMIT, &ignored) && parse(&sb, key, f);
}

void runc_seccomp_remember(const json_t *profile, const struct runc_filter *f)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	AUTO_CLOSE int dir = open_directory(true);
	AUTO_FREE char *key = NULL;
	struct err ignored;
	struct header h;
	char name[8];

	if (dir < 0)
		return;
	key = key_of(profile);
	if (strlen(key) + f->n * sizeof *f->bpf > FILE_LIMIT - sizeof h)
		return; /* could not be read back */
	h = (struct header){ f->flags, (uint32_t)strlen(key) };
	slot_of(key, name);
	strbuf_add(&sb, &h, sizeof h);
	strbuf_adds(&sb, key);
	strbuf_add(&sb, f->bpf, f->n * sizeof *f->bpf);
	file_write_volatile(dir, name, sb.data, sb.len, 0600, &ignored);
}
