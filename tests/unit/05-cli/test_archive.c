/*
 * test_archive.c - archives: written and read, and unpacked without trust.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "01-kernel/base/file.h"
#include "pack.h"
#include "suites.h"
#include "tar.h"
#include "unpack.h"

/* ---- reading what was written -------------------------------------------- */

struct seen {
	struct strbuf text;
};

static int on_begin(void *context, const struct cli_tar_entry *e, struct err *err)
{
	struct seen *s = context;

	(void)err;
	strbuf_addf(&s->text, "%c %s>%s %o %llu %lld:", e->type, e->name, e->link, (unsigned)e->mode,
		    (unsigned long long)e->size, (long long)e->mtime);
	return 0;
}

static int on_data(void *context, const char *data, size_t n, struct err *err)
{
	struct seen *s = context;

	(void)err;
	strbuf_add(&s->text, data, n);
	return 0;
}

static int on_end(void *context, struct err *err)
{
	struct seen *s = context;

	(void)err;
	strbuf_addc(&s->text, '\n');
	return 0;
}

/* Feed in pieces of `step` bytes; what was read, or the error. New. */
static char *read_back(const struct strbuf *archive, size_t step)
{
	struct seen s = { 0 };
	struct cli_tar_reader r = { .begin = on_begin, .data = on_data, .end = on_end, .context = &s };
	struct err err = { 0 };
	int rc = 0;

	strbuf_reserve(&s.text, 1);
	for (size_t at = 0; !rc && at < archive->len; at += step)
		rc = cli_tar_feed(&r, archive->data + at, archive->len - at < step ? archive->len - at : step, &err);
	if (cli_tar_finish(&r, rc ? &(struct err){ 0 } : &err) || rc) {
		strbuf_free(&s.text);
		return xstrdup(err.msg);
	}
	return strbuf_steal(&s.text);
}

static void add(struct strbuf *archive, struct cli_tar_entry entry, const char *data)
{
	static const char zeros[CLI_TAR_BLOCK];

	entry.size = data ? strlen(data) : 0;
	cli_tar_header(archive, &entry);
	strbuf_adds(archive, data ? data : "");
	strbuf_add(archive, zeros, cli_tar_padding(entry.size));
}

static void written_is_read(void)
{
	AUTO_STRBUF struct strbuf archive = STRBUF_INIT;
	AUTO_STRBUF struct strbuf name = STRBUF_INIT;
	static const size_t steps[] = { 1, 7, 512, 100000 };

	for (int i = 0; i < 60; i++)
		strbuf_adds(&name, "dir/");
	strbuf_adds(&name, "ü");
	add(&archive, (struct cli_tar_entry){ .type = '5', .name = (char *)"d/", .mode = 0755, .mtime = 5 }, NULL);
	add(&archive, (struct cli_tar_entry){ .type = '0', .name = name.data, .mode = 04711, .mtime = -3 }, "hello");
	add(&archive, (struct cli_tar_entry){ .type = '2', .name = (char *)"l", .link = name.data, .mode = 0777 }, NULL);
	cli_tar_end(&archive);
	AUTO_FREE char *want = xasprintf("5 d/> 755 0 5:\n0 %s> 4711 5 -3:hello\n2 l>%s 777 0 0:\n", name.data, name.data);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		AUTO_FREE char *got = read_back(&archive, steps[i]);
		EXPECT_STR(got, want);
	}
}

static void broken_archives(void)
{
	AUTO_STRBUF struct strbuf archive = STRBUF_INIT;

	add(&archive, (struct cli_tar_entry){ .type = '0', .name = (char *)"f", .mode = 0644 }, "hello");
	AUTO_STRBUF struct strbuf cut = STRBUF_INIT;
	strbuf_add(&cut, archive.data, CLI_TAR_BLOCK + 3);
	AUTO_FREE char *got = read_back(&cut, 100);
	EXPECT_HAS(got, "ends in the middle");
	archive.data[3] ^= 1;
	AUTO_FREE char *sum = read_back(&archive, 100);
	EXPECT_HAS(sum, "checksum");
	AUTO_STRBUF struct strbuf huge = STRBUF_INIT;
	cli_tar_header(&huge, &(struct cli_tar_entry){ .type = 'x', .name = (char *)"p", .size = 1u << 30 });
	AUTO_FREE char *records = read_back(&huge, 100);
	EXPECT_HAS(records, "too long");
}

/* ---- unpacking ----------------------------------------------------------- */

static int unpack(const struct strbuf *archive, const char *dir, const char *from, const char *to, struct err *err)
{
	struct cli_unpack *u = cli_unpack_start(dir, from, to, err);
	int rc = cli_unpack_feed(u, archive->data, archive->len, err);

	return cli_unpack_end(u, rc ? &(struct err){ 0 } : err) ? -1 : rc;
}

static char *content(const char *dir, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);
	struct strbuf sb = STRBUF_INIT;
	struct err err;

	strbuf_reserve(&sb, 1);
	if (file_read(AT_FDCWD, path, &sb, 1000, &err))
		strbuf_adds(&sb, "(none)");
	return strbuf_steal(&sb);
}
#define EXPECT_CONTENT(dir, name, want)                                                                    \
	do {                                                                                               \
		AUTO_FREE char *got_ = content(dir, name);                                                 \
		EXPECT_STR(got_, want);                                                                    \
	} while (0)

/* ---- zip ----------------------------------------------------------------- */

/* Python's zipfile made it: tls/, meta.json (deflated), plain (stored). */
static const char zip[] =
	"\120\113\003\004\024\000\000\000\000\000\000\000\041\130\000\000\000\000\000\000\000\000\000\000\000\000\004\000"
	"\000\000\164\154\163\057\120\113\003\004\024\000\000\000\010\000\000\000\041\130\343\121\075\215\012\000\000\000"
	"\027\000\000\000\011\000\000\000\155\145\164\141\056\152\163\157\156\313\110\315\311\311\127\310\100\047\001\120"
	"\113\003\004\024\000\000\000\000\000\000\000\041\130\263\044\116\226\010\000\000\000\010\000\000\000\005\000\000"
	"\000\160\154\141\151\156\141\163\040\151\164\040\151\163\120\113\001\002\024\003\024\000\000\000\000\000\000\000"
	"\041\130\000\000\000\000\000\000\000\000\000\000\000\000\004\000\000\000\000\000\000\000\000\000\000\000\200\001"
	"\000\000\000\000\164\154\163\057\120\113\001\002\024\003\024\000\000\000\010\000\000\000\041\130\343\121\075\215"
	"\012\000\000\000\027\000\000\000\011\000\000\000\000\000\000\000\000\000\000\000\200\001\042\000\000\000\155\145"
	"\164\141\056\152\163\157\156\120\113\001\002\024\003\024\000\000\000\000\000\000\000\041\130\263\044\116\226\010"
	"\000\000\000\010\000\000\000\005\000\000\000\000\000\000\000\000\000\000\000\200\001\123\000\000\000\160\154\141"
	"\151\156\120\113\005\006\000\000\000\000\003\000\003\000\234\000\000\000\176\000\000\000\000\000";
#define ZIP_SIZE (sizeof zip - 1)

static int read_zip(const char *data, size_t n, struct seen *s, struct err *err)
{
	struct cli_tar_reader r = { .begin = on_begin, .data = on_data, .end = on_end, .context = s };

	return cli_zip_read(data, n, &r, err);
}

static void zips(void)
{
	struct seen s = { 0 };
	struct err err;

	CU_ASSERT(cli_zip_is(zip, ZIP_SIZE) && !cli_zip_is("PK", 2));
	EXPECT_INT(read_zip(zip, ZIP_SIZE, &s, &err), 0);
	EXPECT_STR(s.text.data, "5 tls/> 600 0 0:\n0 meta.json> 600 23 0:hello hello hello hello\n0 plain> 600 8 0:as it is\n");
	strbuf_free(&s.text);
}

/* Cut anywhere it is none; with any byte another one it is that, or a different one, and nothing is read beyond it. */
static void broken_zips(void)
{
	struct err err;

	for (size_t n = 0; n < ZIP_SIZE; n++) {
		AUTO_FREE char *cut = xmalloc(n + 1);
		struct seen s = { 0 };
		memcpy(cut, zip, n);
		EXPECT_INT(read_zip(cut, n, &s, &err), -1);
		strbuf_free(&s.text);
	}
	for (size_t i = 0; i < ZIP_SIZE * 8; i++) {
		AUTO_FREE char *bad = xmalloc(ZIP_SIZE);
		struct seen s = { 0 };
		memcpy(bad, zip, ZIP_SIZE);
		bad[i / 8] = (char)(bad[i / 8] ^ 1 << i % 8);
		read_zip(bad, ZIP_SIZE, &s, &err);
		strbuf_free(&s.text);
	}
}

/* A directory that names the one file of 500 bytes in it 40 times: more than the archive has. */
static void overlapping_zip(void)
{
	enum { SIZE = 500, TIMES = 40, LOCAL = 31, CENTRAL = 47 };
	static const char local[30] = "PK\3\4", central[46] = "PK\1\2", end[22] = "PK\5\6";
	AUTO_STRBUF struct strbuf z = STRBUF_INIT;
	char content[SIZE] = "", head[CENTRAL] = "", last[22];
	uint32_t crc = (uint32_t)crc32(0, (unsigned char *)content, SIZE), size = SIZE, at = LOCAL + SIZE;
	uint16_t times = TIMES, name = 1;
	struct seen s = { 0 };
	struct err err;

	memcpy(head, local, sizeof local);
	memcpy(head + 26, &name, 2);
	head[30] = 'x';
	strbuf_add(&z, head, LOCAL);
	strbuf_add(&z, content, SIZE);
	memcpy(head, central, sizeof central);
	memcpy(head + 16, &crc, 4);
	memcpy(head + 20, &size, 4);
	memcpy(head + 24, &size, 4);
	memcpy(head + 28, &name, 2);
	head[46] = 'x';
	for (int i = 0; i < TIMES; i++)
		strbuf_add(&z, head, CENTRAL);
	memcpy(last, end, sizeof last);
	memcpy(last + 10, &times, 2);
	memcpy(last + 16, &at, 4);
	strbuf_add(&z, last, sizeof last);
	EXPECT_INT(read_zip(z.data, z.len, &s, &err), -1);
	EXPECT_STR(err.msg, "zip archive: a broken directory");
	EXPECT_INT(s.text.len < (SIZE + 30) * 6, true);
	strbuf_free(&s.text);
}

/* A link to a directory outside, and a file "through" it; "..": neither leaves. */
static void hostile_names(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *inside = xasprintf("%s/in", dir), *outside = xasprintf("%s/out", dir);
	AUTO_STRBUF struct strbuf archive = STRBUF_INIT;
	struct err err = { 0 };

	mkdir(inside, 0755);
	mkdir(outside, 0755);
	add(&archive, (struct cli_tar_entry){ .type = '2', .name = (char *)"l", .link = outside, .mode = 0777 }, NULL);
	add(&archive, (struct cli_tar_entry){ .type = '0', .name = (char *)"l/evil", .mode = 0644 }, "evil");
	add(&archive, (struct cli_tar_entry){ .type = '0', .name = (char *)"../out/worse", .mode = 0644 }, "evil");
	(void)unpack(&archive, inside, NULL, NULL, &err);
	EXPECT_CONTENT(dir, "out/evil", "(none)");
	EXPECT_CONTENT(dir, "out/worse", "(none)");
	tmp_free(dir);
}

/* A file that is there is replaced, not written through: what it was linked to stays. */
static void nothing_is_written_through(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *inside = xasprintf("%s/in", dir), *target = xasprintf("%s/precious", dir);
	AUTO_FREE char *place = xasprintf("%s/f", inside);
	AUTO_STRBUF struct strbuf archive = STRBUF_INIT;
	struct err err = { 0 };

	mkdir(inside, 0755);
	write_file(dir, "precious", "keep");
	EXPECT_INT(symlink(target, place), 0);
	add(&archive, (struct cli_tar_entry){ .type = '0', .name = (char *)"a", .mode = 0640 }, "new");
	cli_tar_end(&archive);
	EXPECT_INT(unpack(&archive, inside, "a", "f", &err), 0);
	EXPECT_CONTENT(dir, "precious", "keep");
	EXPECT_CONTENT(inside, "f", "new");
	tmp_free(dir);
}

static void packed_is_unpacked(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *from = xasprintf("%s/from", dir), *to = xasprintf("%s/to", dir);
	AUTO_FREE char *sub = xasprintf("%s/sub", from), *soft = xasprintf("%s/sub/link", from);
	AUTO_FREE char *file = xasprintf("%s/f", from), *hard = xasprintf("%s/sub/hard", from);
	AUTO_STRBUF struct strbuf archive = STRBUF_INIT;
	struct err err = { 0 };
	struct stat st, other;
	char buf[1000], target[16] = "";
	ssize_t n;

	mkdir(from, 0755);
	mkdir(sub, 0710);
	mkdir(to, 0755);
	write_file(from, "f", "data");
	EXPECT_INT(chmod(file, 04750), 0);
	EXPECT_INT(link(file, hard) + symlink("../f", soft), 0);
	struct cli_pack *pack = cli_pack_start(from, "from", &err);
	while ((n = cli_pack_read(pack, buf, sizeof buf, &err)) > 0)
		strbuf_add(&archive, buf, (size_t)n);
	EXPECT_INT(n, 0);
	cli_pack_end(pack);
	EXPECT_INT(unpack(&archive, to, "from", "copy", &err), 0);
	EXPECT_CONTENT(to, "copy/f", "data");
	AUTO_FREE char *copied = xasprintf("%s/copy/f", to), *copied_hard = xasprintf("%s/copy/sub/hard", to);
	AUTO_FREE char *copied_link = xasprintf("%s/copy/sub/link", to), *copied_sub = xasprintf("%s/copy/sub", to);
	CU_ASSERT(!stat(copied, &st) && (st.st_mode & 07777) == 04750);
	CU_ASSERT(!stat(copied_hard, &other) && other.st_ino == st.st_ino);
	CU_ASSERT(!stat(copied_sub, &st) && (st.st_mode & 07777) == 0710);
	CU_ASSERT(readlink(copied_link, target, sizeof target - 1) == 4);
	EXPECT_STR(target, "../f");
	tmp_free(dir);
}

int suite_archive(void)
{
	static const CU_TestInfo tests[] = {
		{ "what is written is read again, however it comes", written_is_read },
		{ "broken archives", broken_archives },
		{ "a zip archive", zips }, { "broken zip archives", broken_zips },
		{ "a zip archive whose files lie over one another", overlapping_zip },
		{ "hostile names stay inside", hostile_names },
		{ "nothing is written through a link", nothing_is_written_through },
		{ "a packed tree is unpacked the same", packed_is_unpacked },
		CU_TEST_INFO_NULL,
	};

	return suite_add("archive", tests);
}
