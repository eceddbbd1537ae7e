/*
 * seccomp_cache.c - compiled filters, kept.
 *
 * libseccomp takes milliseconds to compile a profile like Docker's, more than
 * all the rest of `create`, and nearly every container of a machine has the same
 * one. So what was compiled is left in a small directory of files,
 *
 *     /run/dockyard/seccomp/NN    struct header, filter, key
 *
 * or, for a user who may not write there, in $XDG_RUNTIME_DIR/dockyard/seccomp.
 * The key is all that the filter depends on: the profile as it is written in
 * config.json, and who compiled it. That saves the reading of it as well, for which
 * jansson takes longer than for all the rest of a configuration (config_profile.c). Its
 * hash chooses one of 256 files, and the key in the file must be the same to the
 * byte, so that a weak hash costs time at worst. A file is only ever replaced as
 * a whole (rename(2)): a reader, or a crash, sees the old one or the new.
 *
 * Nothing here may fail: who cannot read or write the cache compiles.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "seccomp.h"

#define SYSTEM_DIRECTORY "/run/dockyard/seccomp"
#define SLOTS 256
#define FILE_LIMIT (256u << 10) /* what is longer is not kept */

struct header {
	uint32_t flags, n, key_len;
};

/* ---- the key --------------------------------------------------------------- */

/* The linker's name for exactly this program (ld(1), --build-id): what another
 * version has compiled may be something else. The first object is the program. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *key)
{
	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		const char *p = (const char *)info->dlpi_addr + ph->p_vaddr, *end = p + ph->p_memsz;

		if (ph->p_type != PT_NOTE)
			continue;
		while (p + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)p;
			const char *name = p + sizeof *note;
			const char *id = name + (note->n_namesz + 3) / 4 * 4;

			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			    !memcmp(name, "GNU", 4)) {
				strbuf_add(key, id, note->n_descsz);
				return 1;
			}
			p = id + (note->n_descsz + 3) / 4 * 4;
		}
	}
	return -1;
}

/* False: this program cannot be told from its next version. */
static bool make_key(struct strbuf *key, const char *profile, size_t n)
{
	const struct scmp_version *v = seccomp_version();

	strbuf_reserve(key, n + 64);
	if (dl_iterate_phdr(find_build_id, key) != 1)
		return false;
	strbuf_add(key, v, sizeof *v);
	strbuf_add(key, profile, n);
	return true;
}

static unsigned slot_of(const struct strbuf *key)
{
	uint64_t hash = key->len, word;

	for (size_t i = 0; i + sizeof word <= key->len; i += sizeof word) {
		memcpy(&word, key->data + i, sizeof word);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u; /* 2^64 / the golden ratio */
		hash ^= hash >> 32;
	}
	return (unsigned)(hash % SLOTS);
}

/* ---- the directory ---------------------------------------------------------- */

/* A filter that somebody else could write would be no filter. */
static bool ours(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static bool our_directory(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISDIR(st.st_mode) && ours(&st);
}

/* The file for this key, in the first directory that is ours. The caller frees; NULL:
 * there is none. */
static char *place_of(const struct strbuf *key, bool make)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	AUTO_FREE char *own = runtime && *runtime == '/' ? xasprintf("%s/dockyard/seccomp", runtime)
							: NULL;
	const char *const directories[] = { SYSTEM_DIRECTORY, own };
	struct err ignored;

	for (size_t i = 0; i < 2 && directories[i]; i++) {
		if (make)
			file_mkdir_p(directories[i], 0700, &ignored);
		if (our_directory(directories[i]))
			return xasprintf("%s/%02x", directories[i], slot_of(key));
	}
	return NULL;
}

/* ---- reading and writing ------------------------------------------------------ */

static bool is_for(const char *file, size_t size, const struct strbuf *key, struct header *h)
{
	memcpy(h, file, sizeof *h);
	return h->key_len == key->len && h->n && h->n <= BPF_MAXINSNS &&
	       size == sizeof *h + h->n * sizeof(struct sock_filter) + h->key_len &&
	       !memcmp(file + size - key->len, key->data, key->len);
}

/* Read, and not mapped: a mapping would lead from init, which is in the container,
 * to a file of the host's (/proc/PID/map_files, proc(5)). */
bool runc_seccomp_recall(const char *profile, size_t n, struct runc_filter *f)
{
	AUTO_STRBUF struct strbuf key = STRBUF_INIT;
	AUTO_FREE char *path = make_key(&key, profile, n) ? place_of(&key, false) : NULL;
	AUTO_CLOSE int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	AUTO_FREE char *file = NULL;
	struct header h;
	struct stat st;
	size_t size;

	if (fd < 0 || fstat(fd, &st) || !ours(&st) || st.st_size < (off_t)sizeof h ||
	    st.st_size > (off_t)FILE_LIMIT)
		return false;
	size = (size_t)st.st_size;
	file = xmalloc(size);
	if (read(fd, file, size) != (ssize_t)size || !is_for(file, size, &key, &h))
		return false;
	*f = (struct runc_filter){ .bpf = (const void *)(file + sizeof h), .n = h.n,
				   .flags = h.flags, .memory = file };
	file = NULL;
	return true;
}

void runc_seccomp_remember(const char *profile, size_t n, const struct runc_filter *f)
{
	AUTO_STRBUF struct strbuf key = STRBUF_INIT, sb = STRBUF_INIT;
	AUTO_FREE char *path = make_key(&key, profile, n) ? place_of(&key, true) : NULL;
	struct header h = { f->flags, (uint32_t)f->n, (uint32_t)key.len };
	struct err ignored;

	strbuf_add(&sb, &h, sizeof h);
	strbuf_add(&sb, f->bpf, f->n * sizeof *f->bpf);
	strbuf_add(&sb, key.data, key.len);
	if (path && sb.len <= FILE_LIMIT)
		file_write_volatile(AT_FDCWD, path, sb.data, sb.len, 0600, &ignored);
}
