/*
 * test_hostile.c - layers made to get out of their root, or to use up the machine.
 *
 * Each attack is a small archive, written as rows. Beside the root lies a directory that must look the
 * same after every one of them, whether the layer was refused or not.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "suites.h"
#include "unpack.h"

static struct err err;
static struct strbuf tar;
static char *dir;
static int root;

static ssize_t read_tar(void *state, void *buf, size_t n, struct err *e)
{
	size_t *pos = state;

	(void)e;
	if (n > tar.len - *pos)
		n = tar.len - *pos;
	memcpy(buf, tar.data + *pos, n);
	*pos += n;
	return (ssize_t)n;
}

static void begin(void)
{
	AUTO_FREE char *outside = NULL, *secret = NULL, *inside = NULL;
	int fd;

	dir = tmp_new("8m");
	outside = xasprintf("%s/outside", dir);
	secret = xasprintf("%s/outside/secret", dir);
	inside = xasprintf("%s/root", dir);
	mkdir(outside, 0711);
	mkdir(inside, 0755);
	fd = open(secret, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)!write(fd, "secret", 6);
	close(fd);
	root = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	strbuf_clear(&tar);
}

static int unpack(void)
{
	size_t pos = 0;
	struct ctrd_source src = { .read = read_tar, .state = &pos };
	struct ctrd_unpack_options o = { .diff_id = NULL };
	struct ctrd_unpacked got;
	int rc;

	tar_end(&tar);
	rc = ctrd_unpack(&src, root, &o, &got, &err);
	ctrd_unpacked_free(&got);
	return rc;
}

/* Nothing outside was read into, written to, made, removed or changed. */
static void end(void)
{
	AUTO_FREE char *outside = xasprintf("%s/outside", dir);
	AUTO_FREE char *secret = xasprintf("%s/outside/secret", dir);
	AUTO_FREE char *inside = xasprintf("%s/root", dir);
	char text[16] = "";
	struct stat st = { 0 };
	int fd = open(secret, O_RDONLY | O_CLOEXEC);

	EXPECT_INT(read(fd, text, sizeof(text)), 6);
	EXPECT_STR(text, "secret");
	fstat(fd, &st);
	EXPECT_INT((long long)st.st_nlink, 1);
	EXPECT_INT(st.st_mode & 07777, 0600);
	EXPECT_INT(st.st_uid, 0);
	stat(outside, &st);
	EXPECT_INT(st.st_mode & 07777, 0711);
	EXPECT_INT((long long)count_below(outside), 1);
	EXPECT_INT((long long)(count_below(dir) - count_below(inside)), 3);
	close(fd);
	close(root);
	tmp_free(dir);
	strbuf_free(&tar);
}

/* --- getting out ------------------------------------------------------------------------------- */

struct row {
	char type;
	const char *name, *link;
};

static void add(const struct row *r)
{
	tar_add(&tar, &(struct tar_file){ .name = r->name, .type = r->type, .link = r->link,
					  .data = r->type == '0' ? "evil" : NULL, .mode = 0777,
					  .uid = 66, .gid = 66, .major = 8, .minor = 1 });
}

static void test_ways_out(void)
{
	static const struct row attacks[][6] = {
		/* names */
		{ { '0', "../outside/secret" } },
		{ { '0', "/../outside/secret" } },
		{ { '0', "a/b/../../../outside/secret" } },
		{ { '5', "../outside/" } },
		{ { '5', ".." } },
		{ { '0', "." } },
		/* through a link that was made before */
		{ { '2', "l", "../outside" }, { '0', "l/secret" } },
		{ { '2', "l", "/proc/self/cwd/../../../../../../../../tmp" }, { '0', "l/x" } },
		{ { '2', "l", "/proc/self/root" }, { '0', "l/outside/secret" } },
		{ { '2', "a", "b" }, { '2', "b", "../outside" }, { '0', "a/secret" } },
		{ { '2', "a", "." }, { '2', "a/b", ".." }, { '0', "a/b/outside/secret" } },
		{ { '5', "d" }, { '2', "d/up", "../.." }, { '0', "d/up/outside/secret" } },
		{ { '2', "loop", "loop" }, { '0', "loop/x" } },
		{ { '2', "a", "b" }, { '2', "b", "a" }, { '5', "a/x/" } },
		/* over a link */
		{ { '2', "s", "../outside/secret" }, { '0', "s" } },
		{ { '2', "s", "../outside" }, { '5', "s/" } },
		{ { '2', "s", "../outside/secret" }, { '3', "s" } },
		{ { '2', "s", "../outside/secret" }, { '6', "s" } },
		{ { '2', ".", "../outside" } },
		/* hard links: to a link, through a link, to what is not there */
		{ { '2', "s", "../outside/secret" }, { '1', "h", "s" }, { '0', "h" } },
		{ { '2', "s", "../outside/secret" }, { '1', "h", "s" } }, /* its metadata, too */
		{ { '2', "l", "../outside" }, { '1', "h", "l/secret" } },
		{ { '1', "h", "../outside/secret" } },
		{ { '1', "h", "/outside/secret" } },
		{ { '1', "h", "h" } },
		{ { '5', "d" }, { '1', "h", "d" } },
		{ { '0', "f" }, { '1', "f", "f" } },
		/* the same name again, as something else */
		{ { '5', "x" }, { '0', "x/in" }, { '2', "x", "../outside" }, { '0', "x/secret" } },
		{ { '2', "x", "../outside" }, { '5', "x/" }, { '0', "x/secret" } },
		{ { '0', "x" }, { '5', "x/" }, { '2', "x", ".." }, { '0', "x/outside/secret" } },
		{ { '5', "x/" }, { '5', "x/y/" }, { '2', "x", "../outside" }, { '5', "x/y/" },
		  { '0', "x/y/z" } },
		{ { '5', "x/" }, { '0', "x/a" }, { '5', "y/" }, { '2', "x", "y" }, { '0', "x/a" },
		  { '0', "x/../../outside/secret" } },
		/* whiteouts */
		{ { '0', ".wh..." } },
		{ { '0', ".wh.." } },
		{ { '0', ".wh." } },
		{ { '0', ".wh../outside" } },
		{ { '2', "l", "../outside" }, { '0', "l/.wh.secret" } },
		{ { '2', "l", "../outside" }, { '0', "l/.wh..wh..opq" } },
		{ { '5', ".wh..wh..opq/" }, { '0', ".wh..wh..opq/x" } },
		{ { '2', ".wh..wh..opq", "../outside" } },
		{ { '1', ".wh.x", "../outside/secret" } },
		{ { '2', ".wh..wh.plnk", "../outside" }, { '0', ".wh..wh.plnk/secret" } },
		{ { '0', ".wh.x" }, { '1', "h", "x" }, { '0', "h" } },
		/* devices: they are made, never opened */
		{ { '4', "disk" }, { '0', "disk" } },
		{ { '3', "dev" }, { '0', "dev/in" } },
		{ { '6', "pipe" }, { '0', "pipe" }, { '6', "pipe" }, { '5', "pipe/" } },
	};

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		begin();
		for (const struct row *r = attacks[i]; r < attacks[i] + 6 && r->name; r++)
			add(r);
		if (unpack() && err.kind != ERR_CORRUPT) { /* refused, with the blame on the layer */
			printf("\n    attack %zu: %s\n", i, err.msg);
			EXPECT_INT(err.kind, ERR_CORRUPT);
		}
		end();
	}
}

/* --- using up the machine --------------------------------------------------------------------------- */

static void put_number(char *header, size_t at, const char *bytes, size_t n)
{
	unsigned sum = 0;

	memcpy(header + at, bytes, n);
	memset(header + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	header[155] = ' ';
}

static void expect_corrupt(void)
{
	EXPECT_INT(unpack(), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	end();
}

static void test_sizes(void)
{
	static const struct { size_t at; const char *bytes; size_t n; } rows[] = {
		{ 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12 }, /* size -1 */
		{ 124, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12 },       /* 2^63 - 1 */
		{ 124, "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12 }, /* more than that */
		{ 124, "77777777777", 12 },
		{ 124, "-0000000001", 12 },
		{ 124, "0x000000010", 12 },
		{ 108, "\xff\xff\xff\xff\xff\xff\xff\xff", 8 }, /* owner -1 */
		{ 116, "\x80\0\0\0\xff\xff\xff\xff", 8 },       /* 2^32 - 1 */
		{ 100, "99999999", 8 },                         /* no octal digits */
	};
	static const char types[] = { '0', 'x', 'L', 'K', 'g' };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		tar_add(&tar, &(struct tar_file){ .name = "f", .type = '0', .data = "x" });
		put_number(tar.data, rows[i].at, rows[i].bytes, rows[i].n);
		expect_corrupt();
	}
	for (size_t i = 0; i < sizeof(types); i++) { /* 8 GiB of an entry that is read into memory */
		begin();
		tar_add(&tar, &(struct tar_file){ .name = "f", .type = types[i], .data = "x" });
		put_number(tar.data, 124, "77777777777", 12);
		expect_corrupt();
	}
}

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define FREED_IS_KEPT true /* to find what uses it still */
#else
#define FREED_IS_KEPT false
#endif

static long resident(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* Descriptive entries without end describe nothing, and must not pile up. */
static void test_piles(void)
{
	AUTO_FREE char *name = xmalloc(900001);
	long before;

	memset(name, 'n', 900000);
	name[900000] = '\0';
	begin();
	for (int i = 0; i < 60; i++) {
		tar_add_pax(&tar, "SCHILY.xattr.user.big", name, 900000);
		tar_add(&tar, &(struct tar_file){ .name = "L", .type = 'L', .data = name });
	}
	before = resident();
	unpack();
	CU_ASSERT_TRUE(FREED_IS_KEPT || resident() - before < 32 << 10); /* KiB; there are 105 MiB of them */
	end();
}

/* Very many, very deep, very long: refused or done, in bounded time. */
static void test_amounts(void)
{
	AUTO_STRBUF struct strbuf deep = STRBUF_INIT;
	time_t start = time(NULL);
	char name[64];

	begin();
	for (int i = 0; i < 5000; i++) { /* the same directory again and again */
		snprintf(name, sizeof(name), "d%d/", i % 7);
		add(&(struct row){ '5', name, NULL });
		snprintf(name, sizeof(name), "d%d", i % 5);
		add(&(struct row){ '0', name, NULL });
	}
	EXPECT_OK(unpack());
	end();

	begin();
	for (int i = 0; i < 3000; i++) /* deeper than a path can be */
		strbuf_adds(&deep, "d/");
	tar_add_pax(&tar, "path", deep.data, deep.len);
	add(&(struct row){ '5', "x", NULL });
	unpack();
	end();

	begin();
	tar_add_pax(&tar, "linkpath", deep.data, deep.len);
	add(&(struct row){ '2', "l", "x" });
	EXPECT_INT(unpack(), -1);
	end();
	CU_ASSERT_TRUE(time(NULL) - start < 20);
}

int suite_hostile(void)
{
	static const CU_TestInfo tests[] = {
		{ "no way leads out of a layer's root", test_ways_out },
		{ "sizes and owners that cannot be", test_sizes },
		{ "headers that describe nothing do not pile up", test_piles },
		{ "very many, very deep, very long", test_amounts },
		CU_TEST_INFO_NULL,
	};

	return suite_add("hostile layers", tests);
}
