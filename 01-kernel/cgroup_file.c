/*
 * cgroup_file.c - reading and writing the files of a group.
 *
 * Each write(2) is one command to the kernel, and its errno the answer; each
 * file has one of three shapes: a number, the word "max", or lines of
 * "key number".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "calls.h"
#include "cgroup_private.h"

/* v1's "no limit": LONG_MAX rounded down to a page. */
#define V1_NO_LIMIT UINT64_C(0x7fffffffffff0000)

static int write_failed(const char *path, const char *value, struct err *err)
{
	switch (errno) {
	case EINVAL:
	case ERANGE:
		return err_errno(err, errno, "write '%s' to %s (the kernel does not take this value)",
				 value, path);
	case EBUSY:
		return err_errno(err, errno, "write '%s' to %s (the group has processes, or uses more "
				 "than the new limit)", value, path);
	default:
		return err_sys(err, "write '%s' to %s", value, path);
	}
}

int cgroup_write(const char *dir, const char *file, const char *value, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (kern_call_write(fd, path, value))
		return write_failed(path, value, err);
	return 0;
}

int cgroup_write_int(const char *dir, const char *file, int64_t value, struct err *err)
{
	AUTO_FREE char *text = xasprintf("%lld", (long long)value);

	return cgroup_write(dir, file, text, err);
}

int cgroup_write_set(const char *dir, struct cgroup_value *v, size_t n, struct err *err)
{
	size_t left = n, before = n + 1;

	while (left && left < before) {
		before = left;
		left = 0;
		for (size_t i = 0; i < n; i++) {
			if (!v[i].text)
				continue;
			if (!cgroup_write(dir, v[i].file, v[i].text, err))
				v[i].text = NULL;
			else if (err->errnum == EINVAL)
				left++;
			else
				return -1;
		}
	}
	return left ? -1 : 0;
}

bool cgroup_has(const char *dir, const char *file)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);

	return !access(path, F_OK);
}

int cgroup_read(const char *dir, const char *file, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);

	strbuf_clear(out);
	return file_read(AT_FDCWD, path, out, 1 << 20, err);
}

static uint64_t parse_number(const char *text)
{
	uint64_t n;

	if (str_starts(text, "max"))
		return UINT64_MAX;
	n = strtoull(text, NULL, 10);
	return n >= V1_NO_LIMIT ? UINT64_MAX : n;
}

uint64_t cgroup_number(const char *dir, const char *file)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;

	if (cgroup_read(dir, file, &sb, &ignored))
		return 0;
	return parse_number(sb.data);
}

uint64_t cgroup_key_in(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, n) && line[n] == ' ')
			return parse_number(line + n + 1);
	}
	return 0;
}

uint64_t cgroup_key(const char *dir, const char *file, const char *key)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;

	return cgroup_read(dir, file, &sb, &ignored) ? 0 : cgroup_key_in(sb.data, key);
}

int cgroup_wait_for(const char *dir, const char *file, const char *text, int ms, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	for (int waited = 0, step = 1; ; step = step < 16 ? step * 2 : 16) {
		struct timespec pause = { .tv_nsec = step * 1000000L };

		if (cgroup_read(dir, file, &sb, err))
			return -1;
		if (strstr(sb.data, text))
			return 0;
		if (waited >= ms)
			return err_set(err, ERR_TIMEOUT, "%s/%s did not become '%s' in %d ms", dir,
				       file, text, ms);
		nanosleep(&pause, NULL);
		waited += step;
	}
}

bool cgroup_swap_exists(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	const char *line;

	if (file_read(AT_FDCWD, "/proc/swaps", &sb, 1 << 20, &ignored))
		return false;
	line = strchr(sb.data, '\n'); /* after the heading */
	return line && line[1];
}
