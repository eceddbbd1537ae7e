/*
 * test_sparse.c - files with holes: the four formats of GNU tar's manual ("Storing Sparse
 * Files"), and maps that lie. tests/e2e/unpack-equals.sh has what GNU tar itself writes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites.h"
#include "unpack.h"

#define MEGA 1048576

static struct err err;
static struct strbuf tar;

struct memory {
	size_t pos;
};

static ssize_t read_tar(void *state, void *buf, size_t n, struct err *e)
{
	struct memory *m = state;

	(void)e;
	if (n > tar.len - m->pos)
		n = tar.len - m->pos;
	memcpy(buf, tar.data + m->pos, n);
	m->pos += n;
	return (ssize_t)n;
}

/* Unpack what is in `tar`, then look at the file `name`: 0 if it is 1 MiB long and zero but for "AB"
 * at 4096 and "C" at its end. */
static int unpack_and_look(const char *name)
{
	AUTO_FREE char *data = xcalloc(1, MEGA), *want = xcalloc(1, MEGA);
	char *dir = tmp_new("4m");
	int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, rc;
	struct memory m = { 0 };
	struct ctrd_source src = { .read = read_tar, .state = &m };
	struct ctrd_unpack_options o = { .diff_id = NULL };
	struct ctrd_unpacked got;
	struct stat st = { 0 };

	memcpy(want + 4096, "AB", 2);
	want[MEGA - 1] = 'C';
	tar_end(&tar);
	rc = ctrd_unpack(&src, root, &o, &got, &err);
	if (!rc) {
		fd = openat(root, name, O_RDONLY | O_CLOEXEC);
		EXPECT_INT(fstat(fd, &st), 0);
		EXPECT_INT(st.st_size, MEGA);
		CU_ASSERT_TRUE(st.st_blocks * 512 < MEGA / 2); /* the holes are holes */
		EXPECT_INT(pread(fd, data, MEGA, 0), MEGA);
		EXPECT_INT(memcmp(data, want, MEGA), 0);
		close(fd);
		fd = openat(root, "next", O_RDONLY | O_CLOEXEC); /* nothing was skipped or left over */
		CU_ASSERT_TRUE(fd >= 0);
		close(fd);
	}
	ctrd_unpacked_free(&got);
	close(root);
	tmp_free(dir);
	strbuf_free(&tar);
	return rc;
}

/* The pax header that is gathered, then an entry with the pieces' bytes, then another entry. */
static void add_entry(const struct strbuf *records, const char *name, const char *data, size_t size)
{
	tar_add(&tar, &(struct tar_file){ .name = "pax", .type = 'x', .data = records->data,
					  .size = records->len });
	tar_add(&tar, &(struct tar_file){ .name = name, .type = '0', .data = data, .size = size });
	tar_add(&tar, &(struct tar_file){ .name = "next", .type = '0', .data = "n" });
}

static void record(struct strbuf *records, const char *key, const char *value)
{
	size_t len = strlen(key) + strlen(value) + 3, digits = 1;

	while (snprintf(NULL, 0, "%zu", len + digits) != (int)digits)
		digits++;
	strbuf_addf(records, "%zu %s=%s\n", len + digits, key, value);
}

static void test_pax_0_0(void)
{
	static const char *const pieces[] = { "4096", "2", "1048575", "1" };
	AUTO_STRBUF struct strbuf r = STRBUF_INIT;

	record(&r, "GNU.sparse.size", "1048576");
	record(&r, "GNU.sparse.numblocks", "2");
	for (int i = 0; i < 4; i += 2) {
		record(&r, "GNU.sparse.offset", pieces[i]);
		record(&r, "GNU.sparse.numbytes", pieces[i + 1]);
	}
	add_entry(&r, "f", "ABC", 3);
	EXPECT_OK(unpack_and_look("f"));
}

static void test_pax_0_1(void)
{
	AUTO_STRBUF struct strbuf r = STRBUF_INIT;

	record(&r, "GNU.sparse.size", "1048576");
	record(&r, "GNU.sparse.numblocks", "2");
	record(&r, "GNU.sparse.name", "d/real");
	record(&r, "GNU.sparse.map", "4096,2,1048575,1");
	add_entry(&r, "GNUSparseFile.1/f", "ABC", 3);
	EXPECT_OK(unpack_and_look("d/real"));
}

static int pax_1_0(const char *map, const char *realsize)
{
	AUTO_STRBUF struct strbuf r = STRBUF_INIT, data = STRBUF_INIT;

	record(&r, "GNU.sparse.major", "1");
	record(&r, "GNU.sparse.minor", "0");
	record(&r, "GNU.sparse.name", "real");
	record(&r, "GNU.sparse.realsize", realsize);
	strbuf_adds(&data, map);
	while (data.len % 512)
		strbuf_addc(&data, '\0');
	strbuf_adds(&data, "ABC");
	add_entry(&r, "GNUSparseFile.1/f", data.data, data.len);
	return unpack_and_look("real");
}

static void test_pax_1_0(void)
{
	EXPECT_OK(pax_1_0("2\n4096\n2\n1048575\n1\n", "1048576"));
}

/* Type 'S', with one more block for a third piece that is empty, as GNU tar ends a map. */
static void add_gnu(const char *second_offset, bool more)
{
	char *h, block[512] = "";
	unsigned sum = 0;

	tar_add(&tar, &(struct tar_file){ .name = "f", .type = 'S', .data = "ABC" });
	h = tar.data;
	memcpy(h + 257, "ustar  ", 8);
	memset(h + 345, 0, 167);
	memcpy(h + 386, "00000010000\000" "00000000002\0", 24);
	memcpy(h + 410, second_offset, 12);
	memcpy(h + 422, "00000000001\0", 12);
	h[482] = more;
	memcpy(h + 483, "00004000000\0", 12);
	memset(h + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	h[155] = ' ';
	if (more) { /* between header and data */
		memcpy(block, "00004000000\000" "00000000000\0", 24);
		strbuf_add(&tar, block, 512);
		memmove(tar.data + 1024, tar.data + 512, 512);
		memcpy(tar.data + 512, block, 512);
	}
	tar_add(&tar, &(struct tar_file){ .name = "next", .type = '0', .data = "n" });
}

static void test_gnu(void)
{
	add_gnu("00003777777", false);
	EXPECT_OK(unpack_and_look("f"));
	add_gnu("00003777777", true);
	EXPECT_OK(unpack_and_look("f"));
}

static void expect_corrupt(int rc)
{
	EXPECT_INT(rc, -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
}

static void test_lies(void)
{
	static const char *const maps[] = {
		"2\n4096\n2\n4097\n1\n",             /* pieces overlap */
		"2\n1048575\n1\n4096\n2\n",          /* are not in order */
		"2\n4096\n2\n1048576\n1\n",          /* lie behind the end */
		"2\n4096\n2\n1048575\n2\n",          /* are more than there is */
		"1\n4096\n2\n",                      /* are less */
		"2\n-1\n2\n1048575\n1\n", "2\nx\n2\n1048575\n1\n", "\n", "9999999\n1\n1\n",
		"99999999999999999999999999999999999999\n", "2\n4096\n2\n9223372036854775807\n1\n",
		"200\n1\n1\n",                       /* ends too early */
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		expect_corrupt(pax_1_0(maps[i], "1048576"));
	expect_corrupt(pax_1_0("2\n4096\n2\n1048575\n1\n", "-1"));
	add_gnu("00000010000", false);
	expect_corrupt(unpack_and_look("f"));
	{
		AUTO_STRBUF struct strbuf r = STRBUF_INIT;

		record(&r, "GNU.sparse.size", "1048576");
		record(&r, "GNU.sparse.numbytes", "3"); /* of a piece that is nowhere */
		add_entry(&r, "f", "ABC", 3);
		expect_corrupt(unpack_and_look("f"));
	}
}

int suite_sparse(void)
{
	static const CU_TestInfo tests[] = {
		{ "pax 0.0", test_pax_0_0 },   { "pax 0.1", test_pax_0_1 },
		{ "pax 1.0", test_pax_1_0 },   { "type S", test_gnu },
		{ "maps that lie", test_lies }, CU_TEST_INFO_NULL,
	};

	return suite_add("sparse files", tests);
}
