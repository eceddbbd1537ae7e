/*
 * support.c - see suites.h.
 */
#include "suites.h"

#include <ftw.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include <zlib.h>

/* A test's server asserts in threads of its own; CUnit knows of none. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static void record(bool ok, const char *what, const char *file, int line)
{
	pthread_mutex_lock(&one_at_a_time);
	CU_assertImplementation(ok, (unsigned)line, what, file, "", CU_FALSE);
	pthread_mutex_unlock(&one_at_a_time);
}

int suite_add(const char *name, const CU_TestInfo *tests)
{
	CU_pSuite suite = CU_add_suite(name, NULL, NULL);

	for (; suite && tests->pName; tests++)
		if (!CU_add_test(suite, tests->pName, tests->pTestFunc))
			return 0;
	return suite != NULL;
}

void expect_str(const char *got, const char *want, const char *file, int line)
{
	bool ok = got && want ? !strcmp(got, want) : got == want;

	if (!ok)
		printf("\n    %s:%d: expected \"%s\", got \"%s\"\n", file, line, want ? want : "(null)",
		       got ? got : "(null)");
	record(ok, "EXPECT_STR", file, line);
}

void expect_has(const char *got, const char *part, const char *file, int line)
{
	bool ok = got && strstr(got, part);

	if (!ok)
		printf("\n    %s:%d: expected \"%s\" in \"%s\"\n", file, line, part,
		       got ? got : "(null)");
	record(ok, "EXPECT_HAS", file, line);
}

void expect_int(long long got, long long want, const char *file, int line)
{
	if (got != want)
		printf("\n    %s:%d: expected %lld, got %lld\n", file, line, want, got);
	record(got == want, "EXPECT_INT", file, line);
}

void expect_ok(long long rc, const struct err *err, const char *file, int line)
{
	if (rc < 0)
		printf("\n    %s:%d: failed: %s\n", file, line, err->msg);
	record(rc >= 0, "EXPECT_OK", file, line);
}

char *tmp_new(const char *size)
{
	char template[] = "/tmp/ctrd-unit.XXXXXX", option[64];

	snprintf(option, sizeof(option), "size=%s,mode=755", size);
	if (!mkdtemp(template) || mount("tmpfs", template, "tmpfs", 0, option)) {
		perror("tmp_new");
		exit(2);
	}
	return xstrdup(template);
}

void tmp_free(char *dir)
{
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	free(dir);
}

static size_t below;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)path, (void)st, (void)type;
	below += f->level > 0;
	return 0;
}

size_t count_below(const char *dir)
{
	below = 0;
	nftw(dir, count_one, 16, FTW_PHYS);
	return below;
}

/* --- archives (POSIX.1-2017, pax, "ustar Interchange Format") ------------------------------- */

static void field(char *at, size_t width, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%0*lo", (int)width - 1, value);
	memcpy(at, text, width);
}

static void pad(struct strbuf *tar)
{
	while (tar->len % 512)
		strbuf_addc(tar, '\0');
}

void tar_add(struct strbuf *tar, const struct tar_file *f)
{
	char h[512] = "";
	size_t size = f->size ? f->size : f->data ? strlen(f->data) : 0;
	unsigned sum = 0;

	strncpy(h, f->name, 100);
	field(h + 100, 8, f->mode ? f->mode : f->type == '5' ? 0755 : 0644);
	field(h + 108, 8, f->uid);
	field(h + 116, 8, f->gid);
	field(h + 124, 12, size);
	field(h + 136, 12, (unsigned long)f->mtime);
	memset(h + 148, ' ', 8);
	h[156] = f->type;
	if (f->link)
		strncpy(h + 157, f->link, 100);
	memcpy(h + 257, "ustar\00000", 8);
	field(h + 329, 8, f->major);
	field(h + 337, 8, f->minor);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	h[155] = ' ';
	strbuf_add(tar, h, sizeof(h));
	if (f->data)
		strbuf_add(tar, f->data, size);
	pad(tar);
}

void tar_add_pax(struct strbuf *tar, const char *key, const char *value, size_t size)
{
	AUTO_STRBUF struct strbuf record = STRBUF_INIT;
	size_t body = strlen(key) + size + 3, len = body + 1;
	char digits[24];

	while ((size_t)snprintf(digits, sizeof(digits), "%zu", len) + body > len)
		len++;
	strbuf_addf(&record, "%zu %s=", len, key);
	strbuf_add(&record, value, size);
	strbuf_addc(&record, '\n');
	tar_add(tar, &(struct tar_file){ .name = "pax", .type = 'x', .data = record.data,
					 .size = record.len });
}

void tar_end(struct strbuf *tar)
{
	static const char zeros[1024];

	strbuf_add(tar, zeros, sizeof(zeros));
}

void gzip_to(struct strbuf *out, const void *data, size_t n)
{
	z_stream z = { 0 };

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	strbuf_reserve(out, deflateBound(&z, n) + 64);
	z.next_in = (unsigned char *)data;
	z.avail_in = (unsigned)n;
	z.next_out = (unsigned char *)out->data + out->len;
	z.avail_out = (unsigned)(out->cap - out->len - 1);
	deflate(&z, Z_FINISH);
	out->len += z.total_out;
	deflateEnd(&z);
}
