/*
 * fuzz.c - see fuzz.h.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/log.h"

/* libseccomp (2.5) loses a few nodes when it joins rules about one argument. Our process
 * ends soon after; what libseccomp gives us is freed, or the other targets would tell. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libseccomp.so\n";
}

static void need(int failed, const char *what)
{
	if (!failed)
		return;
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	need(fd < 0 || write(fd, text, strlen(text)) < 0, path);
	close(fd);
}

/* Who is not root becomes it in a user namespace, which is enough to mount. */
static void become_root(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[64];

	need(unshare(CLONE_NEWUSER), "make a user namespace");
	put("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "0 %u 1", uid);
	put("/proc/self/uid_map", map);
	snprintf(map, sizeof map, "0 %u 1", gid);
	put("/proc/self/gid_map", map);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	if (geteuid())
		become_root();
	need(unshare(CLONE_NEWNS), "make a mount namespace");
	need(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), "make it private");
	need(mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), "mount a tmpfs on /run");
	need(mkdir(FUZZ_DIR, 0755), FUZZ_DIR);
	/* Warnings are made, for what is in them, and not read. */
	log_setup("fuzz", open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_DEBUG, 1);
	if (fuzz_begin)
		fuzz_begin();
	return 0;
}

void fuzz_file(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	need(fd < 0 || write(fd, data, size) != (ssize_t)size, path);
	close(fd);
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

char *fuzz_lines(char *text, char **v, int max, int *n)
{
	*n = 0;
	while (*text && *text != '\n' && *n < max - 1) {
		v[(*n)++] = text;
		text += strcspn(text, "\n");
		if (*text)
			*text++ = '\0';
	}
	v[*n] = NULL;
	return *text == '\n' ? text + 1 : text;
}

void fuzz_broken(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: this must be true and is not: %s\n", file, line, what);
	abort();
}
