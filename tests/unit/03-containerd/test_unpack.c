/*
 * test_unpack.c - layers become files, and hostile layers become errors.
 *
 * Expected results: POSIX pax, GNU tar's manual for its long names, OCI image-spec
 * layer.md for whiteouts, the kernel's overlayfs.rst for what they turn into.
 */
#include "unpack.h"

#include <bzlib.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <zstd.h>

#include "suites.h"

static struct err err;
static char *dir;     /* a tmpfs: dir/root is unpacked into, dir/outside must stay empty */
static int root = -1;
static struct strbuf tar;
static struct ctrd_unpacked got;

static void begin(const char *size)
{
	char path[256];

	dir = tmp_new(size);
	snprintf(path, sizeof(path), "%s/outside", dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/root", dir);
	mkdir(path, 0755);
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	strbuf_clear(&tar);
}

static void end(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/outside", dir);
	EXPECT_INT((long long)count_below(path), 0);
	EXPECT_INT((long long)count_below(dir) - (long long)(snprintf(path, sizeof(path),
		   "%s/root", dir), count_below(path)), 2); /* root and outside, nothing else */
	close(root);
	ctrd_unpacked_free(&got);
	tmp_free(dir);
	strbuf_free(&tar);
}

struct memory {
	const char *data;
	size_t len, pos, step;
};

static ssize_t read_memory(void *state, void *buf, size_t n, struct err *e)
{
	struct memory *m = state;

	(void)e;
	if (n > m->step)
		n = m->step;
	if (n > m->len - m->pos)
		n = m->len - m->pos;
	memcpy(buf, m->data + m->pos, n);
	m->pos += n;
	return (ssize_t)n;
}

static int unpack_bytes(const void *data, size_t n, const char *diff_id)
{
	struct memory m = { data, n, 0, 700 }; /* an odd step: pieces end anywhere */
	struct ctrd_source src = { .read = read_memory, .state = &m };
	struct ctrd_unpack_options o = { .diff_id = diff_id };

	ctrd_unpacked_free(&got);
	return ctrd_unpack(&src, root, &o, &got, &err);
}

static int unpack(void)
{
	return unpack_bytes(tar.data, tar.len, NULL);
}

static void add(char type, const char *name, const char *data_or_link)
{
	bool link = type == '1' || type == '2';

	tar_add(&tar, &(struct tar_file){ .name = name, .type = type,
					  .data = link ? NULL : data_or_link,
					  .link = link ? data_or_link : NULL, .mtime = 1000 });
}

static struct stat look(const char *name)
{
	struct stat st = { 0 };

	if (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW))
		printf("\n    %s is missing\n", name);
	return st;
}

static char *text_of(const char *name)
{
	AUTO_CLOSE int fd = openat(root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char buf[256] = "";

	return fd >= 0 && read(fd, buf, sizeof(buf) - 1) >= 0 ? xstrdup(buf) : NULL;
}

static void expect_text(const char *name, const char *want)
{
	AUTO_FREE char *text = text_of(name);

	EXPECT_STR(text, want);
}

static bool is_opaque(const char *name)
{
	char path[300], value[8] = "";

	snprintf(path, sizeof(path), "%s/root/%s", dir, name);
	return lgetxattr(path, "trusted.overlay.opaque", value, sizeof(value)) == 1 &&
	       *value == 'y';
}

/* --- what a layer is made of ------------------------------------------------------------------ */

static void test_kinds(void)
{
	struct stat st;
	char link[64] = "";

	begin("4m");
	tar_add(&tar, &(struct tar_file){ .name = "./", .type = '5', .mode = 0751, .mtime = 500 });
	tar_add(&tar, &(struct tar_file){ .name = "dir/", .type = '5', .mode = 01777, .uid = 7,
					  .gid = 8, .mtime = 1234567890 });
	tar_add(&tar, &(struct tar_file){ .name = "dir/file", .type = '0', .data = "hello",
					  .mode = 04755, .uid = 1000, .gid = 1001,
					  .mtime = 1111111111 });
	add('2', "dir/link", "/etc/passwd");
	tar_add(&tar, &(struct tar_file){ .name = "hard", .type = '1', .link = "dir/file",
					  .mode = 04755, .uid = 1000, .gid = 1001,
					  .mtime = 1111111111 });
	tar_add(&tar, &(struct tar_file){ .name = "null", .type = '3', .major = 1, .minor = 3,
					  .mode = 0666 });
	tar_add(&tar, &(struct tar_file){ .name = "disk", .type = '4', .major = 8, .minor = 1 });
	add('6', "pipe", NULL);
	add('0', "empty", "");
	tar_end(&tar);
	EXPECT_OK(unpack());
	st = look(".");
	EXPECT_INT(st.st_mode & 07777, 0751);
	EXPECT_INT(st.st_mtime, 500);
	st = look("dir");
	EXPECT_INT(st.st_mode, S_IFDIR | 01777);
	EXPECT_INT(st.st_uid, 7);
	EXPECT_INT(st.st_gid, 8);
	EXPECT_INT(st.st_mtime, 1234567890); /* although files came into it afterwards */
	st = look("dir/file");
	EXPECT_INT(st.st_mode, S_IFREG | 04755); /* chown would have cleared the set-id bit */
	EXPECT_INT(st.st_uid, 1000);
	EXPECT_INT(st.st_gid, 1001);
	EXPECT_INT(st.st_mtime, 1111111111);
	EXPECT_INT((long long)st.st_nlink, 2);
	EXPECT_INT((long long)st.st_ino, (long long)look("hard").st_ino);
	expect_text("dir/file", "hello");
	EXPECT_INT(readlinkat(root, "dir/link", link, sizeof(link)), 11);
	EXPECT_STR(link, "/etc/passwd"); /* a link's text is the container's business */
	EXPECT_INT(look("dir/link").st_mtime, 1000);
	st = look("null");
	EXPECT_INT(st.st_mode, S_IFCHR | 0666);
	EXPECT_INT((long long)st.st_rdev, (long long)makedev(1, 3));
	EXPECT_INT((long long)look("disk").st_rdev, (long long)makedev(8, 1));
	EXPECT_INT(look("pipe").st_mode & S_IFMT, S_IFIFO);
	EXPECT_INT(look("empty").st_size, 0);
	EXPECT_INT((long long)got.implicit.n, 0);
	EXPECT_INT((long long)got.size, (long long)tar.len);
	end();
}

static void test_pax(void)
{
	char name[400], path[700], value[64] = "";
	struct stat st;

	begin("4m");
	memset(name, 'n', sizeof(name));
	memcpy(name, "d/", 2);
	name[200] = '/';
	name[399] = '\0';
	tar_add_pax(&tar, "path", name, strlen(name));
	add('0', "ignored", "long");
	tar_add_pax(&tar, "mtime", "1350244992.023960108", 20);
	add('0', "fraction", "");
	tar_add_pax(&tar, "mtime", "-1.5", 4);
	add('0', "before-1970", "");
	tar_add_pax(&tar, "SCHILY.xattr.user.a", "b\0c", 3);
	add('0', "attr", "");
	tar_add_pax(&tar, "SCHILY.xattr.trusted.overlay.opaque", "y", 1);
	add('5', "not-opaque", NULL);
	tar_add_pax(&tar, "linkpath", "attr", 4);
	add('2', "link", "ignored");
	tar_add_pax(&tar, "uid", "3000000", 7);
	add('0', "big-uid", "");
	tar_end(&tar);
	EXPECT_OK(unpack());
	expect_text(name, "long");
	st = look("fraction");
	EXPECT_INT(st.st_mtim.tv_sec, 1350244992);
	EXPECT_INT(st.st_mtim.tv_nsec, 23960108);
	st = look("before-1970");
	EXPECT_INT(st.st_mtim.tv_sec, -2);
	EXPECT_INT(st.st_mtim.tv_nsec, 500000000);
	snprintf(path, sizeof(path), "%s/root/attr", dir);
	if (lgetxattr(path, "user.a", value, sizeof(value)) >= 0) /* tmpfs: since Linux 6.6 */
		EXPECT_INT(memcmp(value, "b\0c", 3), 0);
	CU_ASSERT_FALSE(is_opaque("not-opaque")); /* an archive does not steer overlayfs */
	EXPECT_INT(readlinkat(root, "link", value, sizeof(value)), 4);
	EXPECT_INT(look("big-uid").st_uid, 3000000);
	end();
}

static void test_gnu_names(void)
{
	char name[301], target[64] = "";

	begin("4m");
	memset(name, 'g', sizeof(name) - 1);
	name[150] = '/';
	name[300] = '\0';
	tar_add(&tar, &(struct tar_file){ .name = "././@LongLink", .type = 'L', .data = name,
					  .size = 301 });
	add('0', "short", "gnu");
	tar_add(&tar, &(struct tar_file){ .name = "././@LongLink", .type = 'K', .data = "target",
					  .size = 7 });
	add('2', "link", "short");
	tar_end(&tar);
	EXPECT_OK(unpack());
	expect_text(name, "gnu");
	EXPECT_INT(readlinkat(root, "link", target, sizeof(target)), 6);
	EXPECT_STR(target, "target");
	end();
}

static void zstd_to(struct strbuf *out, const void *data, size_t n)
{
	size_t bound = ZSTD_compressBound(n);

	strbuf_reserve(out, bound);
	out->len += ZSTD_compress(out->data + out->len, bound, data, n, 3);
}

static void test_compression(void)
{
	AUTO_STRBUF struct strbuf zipped = STRBUF_INIT, zstd = STRBUF_INIT;
	char plain[DIGEST_SIZE];

	begin("4m");
	add('0', "a", "one");
	tar_end(&tar);
	digest_of(tar.data, tar.len, plain);
	gzip_to(&zipped, tar.data, 700); /* two members, one behind the other */
	gzip_to(&zipped, tar.data + 700, tar.len - 700);
	EXPECT_OK(unpack_bytes(zipped.data, zipped.len, plain));
	EXPECT_STR(got.diff_id, plain);
	expect_text("a", "one");
	EXPECT_OK(unpack_bytes(tar.data, tar.len, plain));
	zstd_to(&zstd, tar.data, 700); /* and two frames */
	zstd_to(&zstd, tar.data + 700, tar.len - 700);
	EXPECT_OK(unpack_bytes(zstd.data, zstd.len, plain));
	expect_text("a", "one");
	EXPECT_INT(unpack_bytes(zstd.data, zstd.len - 3, plain), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_INT(unpack_bytes("\x28\xb5\x2f\xfd....", 8, NULL), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_HAS(err.msg, "zstd");
	EXPECT_OK(unpack_bytes("", 0, NULL)); /* nothing at all is an empty archive */
	end();
}

static void xz_to(struct strbuf *out, const void *data, size_t n)
{
	size_t bound = lzma_stream_buffer_bound(n);

	strbuf_reserve(out, bound);
	EXPECT_INT(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, data, n, (uint8_t *)out->data, &out->len,
					   out->len + bound), LZMA_OK);
}

static void bzip2_to(struct strbuf *out, void *data, size_t n)
{
	unsigned made = (unsigned)n + 700;

	strbuf_reserve(out, made);
	EXPECT_INT(BZ2_bzBuffToBuffCompress(out->data + out->len, &made, data, (unsigned)n, 1, 0, 0), BZ_OK);
	out->len += made;
}

/* Both parts, one behind the other, are the archive; of the last one the end may not be missing. */
static void check_members(struct strbuf *whole, const char *kind)
{
	char plain[DIGEST_SIZE];

	digest_of(tar.data, tar.len, plain);
	EXPECT_OK(unpack_bytes(whole->data, whole->len, plain));
	expect_text("a", "one");
	EXPECT_INT(unpack_bytes(whole->data, whole->len - 3, plain), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_HAS(err.msg, kind);
	whole->data[whole->len / 2] ^= 0x55;
	EXPECT_INT(unpack_bytes(whole->data, whole->len, plain), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
}

static void test_rare_compression(void)
{
	AUTO_STRBUF struct strbuf xz = STRBUF_INIT, bzip2 = STRBUF_INIT;

	begin("4m");
	add('0', "a", "one");
	tar_end(&tar);
	xz_to(&xz, tar.data, 700);
	xz_to(&xz, tar.data + 700, tar.len - 700);
	check_members(&xz, "xz");
	bzip2_to(&bzip2, tar.data, 700);
	bzip2_to(&bzip2, tar.data + 700, tar.len - 700);
	check_members(&bzip2, "bzip2");
	end();
}

/* `printf x | xz --lzma2=dict=1GiB`: so much memory is not given to whoever asks for it. */
static void test_greedy_xz(void)
{
	static const unsigned char xz[] = {
		0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01,
		0x24, 0x00, 0x00, 0x00, 0x5e, 0x1f, 0xc7, 0xf9, 0x01, 0x00, 0x00, 0x78, 0x00, 0x00, 0x00, 0x00,
		0x45, 0xae, 0xef, 0x83, 0xf8, 0xee, 0x16, 0x0a, 0x00, 0x01, 0x19, 0x01, 0xa5, 0x2c, 0x81, 0xcc,
		0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
	};

	begin("4m");
	EXPECT_INT(unpack_bytes(xz, sizeof(xz), NULL), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	EXPECT_HAS(err.msg, "more than 128 MiB of memory");
	end();
}

/* A file of this name does not make the archive one of bzip2. */
static void test_bzip2_name(void)
{
	begin("4m");
	add('0', "BZh9", "one");
	tar_end(&tar);
	EXPECT_OK(unpack_bytes(tar.data, tar.len, NULL));
	expect_text("BZh9", "one");
	end();
}

static void test_whiteouts(void)
{
	struct stat st;

	begin("4m");
	add('5', "d/", NULL);
	add('0', "d/.wh.gone", "");
	add('5', "o/", NULL);
	add('0', "o/.wh..wh..opq", "");
	add('0', "o/kept", "kept");
	add('0', ".wh..wh.plnk", "");
	add('0', "own", "own");
	add('0', ".wh.own", "");
	add('0', ".wh.back", "");
	add('5', "back/", NULL);
	tar_end(&tar);
	EXPECT_OK(unpack());
	st = look("d/gone");
	EXPECT_INT(st.st_mode & S_IFMT, S_IFCHR);
	EXPECT_INT((long long)st.st_rdev, 0);
	CU_ASSERT_TRUE(is_opaque("o"));
	expect_text("o/kept", "kept");
	EXPECT_INT(faccessat(root, ".wh..wh.plnk", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	expect_text("own", "own");          /* hides lower layers, not its own */
	CU_ASSERT_TRUE(is_opaque("back"));  /* removed below, then made anew */
	CU_ASSERT_FALSE(is_opaque("d"));
	end();
}

/* Where the marks must be user.overlay.*, and devices cannot be made. */
static void test_user_namespace(void)
{
	struct memory m = { NULL, 0, 0, 700 };
	struct ctrd_source src = { .read = read_memory, .state = &m };
	struct ctrd_unpack_options o = { .userns = true };
	AUTO_FREE char *path = NULL;
	char value[8] = "";

	begin("4m");
	path = xasprintf("%s/root/o", dir);
	add('5', "o/", NULL);
	add('0', "o/.wh..wh..opq", "");
	add('0', ".wh.gone", "");
	add('3', "device", NULL);
	add('6', "pipe", NULL);
	add('0', "after", "after");
	tar_end(&tar);
	m.data = tar.data;
	m.len = tar.len;
	mkdir(path, 0755);
	if (!setxattr(path, "user.try", "x", 1, 0)) { /* tmpfs: since Linux 6.6 */
		EXPECT_OK(ctrd_unpack(&src, root, &o, &got, &err));
		EXPECT_INT(lgetxattr(path, "user.overlay.opaque", value, sizeof(value)), 1);
		EXPECT_STR(value, "y");
		CU_ASSERT_FALSE(is_opaque("o"));
		EXPECT_INT(look("gone").st_mode & S_IFMT, S_IFCHR);
		EXPECT_INT(faccessat(root, "device", F_OK, AT_SYMLINK_NOFOLLOW), -1);
		EXPECT_INT(look("pipe").st_mode & S_IFMT, S_IFIFO);
		expect_text("after", "after");
	}
	end();
}

static void test_order(void)
{
	begin("4m");
	add('0', "deep/er/file", "1");  /* before the directories, which never come */
	add('0', "x", "file");
	add('5', "x/", NULL);           /* a directory in place of a file */
	add('0', "x/y", "in");
	add('5', "z/", NULL);
	add('0', "z/inside", "");
	add('0', "z", "now a file");    /* and a file in place of a full directory */
	add('0', "twice", "old, longer");
	add('0', "twice", "new");
	add('5', "real/", NULL);
	add('2', "via", "real");
	add('0', "via/through", "t");   /* through a link of this layer */
	add('2', "run", "/made/later");
	add('0', "run/pid", "1");       /* through a dangling one */
	tar_end(&tar);
	EXPECT_OK(unpack());
	expect_text("deep/er/file", "1");
	expect_text("x/y", "in");
	expect_text("z", "now a file");
	expect_text("twice", "new");
	expect_text("real/through", "t");
	expect_text("made/later/pid", "1");
	EXPECT_INT((long long)got.implicit.n, 5); /* ".", deep, deep/er, made, made/later */
	end();
}

/* --- what a layer must not do ------------------------------------------------------------------- */

static void expect_corrupt(const char *part)
{
	tar_end(&tar);
	EXPECT_INT(unpack(), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_HAS(err.msg, part);
	end();
}

static void test_climbing(void)
{
	static const char *const names[] = { "../outside/x", "a/../../outside/x", "..",
					     "/../outside/x", "./../outside/x" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin("1m");
		add('0', names[i], "out");
		expect_corrupt("climbs out");
	}
	begin("1m");
	tar_add_pax(&tar, "path", "../outside/x", 12);
	add('0', "harmless", "out");
	expect_corrupt("climbs out");
	begin("1m");
	add('0', "/absolute", "in"); /* "/" is the layer's root, as tar itself reads it */
	add('0', "a/../b", "in");
	tar_end(&tar);
	EXPECT_OK(unpack());
	expect_text("absolute", "in");
	expect_text("b", "in");
	end();
}

static void test_links_out(void)
{
	begin("1m");
	add('2', "l", "../outside");
	add('0', "l/x", "out");      /* ".." stops at the root: lands beneath it */
	add('2', "up", "../../../../../../..");
	add('0', "up/y", "out");
	add('2', "abs", "/outside");
	add('0', "abs/z", "out");
	tar_end(&tar);
	EXPECT_OK(unpack());
	expect_text("outside/x", "out");
	expect_text("y", "out");
	expect_text("outside/z", "out");
	end();

	begin("1m"); /* a file over a link replaces the link, not what it points at */
	add('2', "passwd", "../outside/x");
	add('0', "passwd", "mine");
	tar_end(&tar);
	EXPECT_OK(unpack());
	expect_text("passwd", "mine");
	end();

	begin("1m"); /* a directory over a link too: nothing is made or changed behind it */
	add('2', "d", "/");
	tar_add(&tar, &(struct tar_file){ .name = "d/", .type = '5', .mode = 0700, .uid = 5 });
	tar_end(&tar);
	EXPECT_OK(unpack());
	EXPECT_INT(look("d").st_mode, S_IFDIR | 0700);
	EXPECT_INT(look(".").st_uid, 0);
	end();
}

static void test_hard_links_out(void)
{
	static const char *const targets[] = { "../outside", "/../../etc/passwd", "..", "/", "" };

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		begin("1m");
		add('1', "h", targets[i]);
		expect_corrupt("outside the layer");
	}
	begin("1m");
	add('1', "h", "/etc/passwd"); /* the layer's own, which there is none of */
	expect_corrupt("hard link");
	begin("1m");
	add('2', "l", "/etc");
	add('1', "h", "l/passwd"); /* through a link: still the layer's */
	expect_corrupt("hard link");
	begin("1m");
	add('5', "d", NULL);
	add('1', "h", "d"); /* the kernel has none to directories */
	tar_end(&tar);
	EXPECT_INT(unpack(), -1);
	end();
	begin("1m"); /* a hard link to a link is a second name for the link */
	add('2', "l", "../outside");
	add('1', "h", "l");
	add('0', "h", "over");
	tar_end(&tar);
	EXPECT_OK(unpack());
	expect_text("h", "over");
	EXPECT_INT(look("l").st_mode & S_IFMT, S_IFLNK);
	end();
}

static void test_odd_whiteouts(void)
{
	static const char *const names[] = { ".wh...", ".wh..", ".wh.", "a/.wh..." };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin("1m");
		add('0', names[i], "");
		expect_corrupt("whiteout of");
	}
	begin("1m");
	add('2', "l", "../outside");
	add('0', "l/.wh.x", "");
	tar_end(&tar);
	EXPECT_OK(unpack());
	EXPECT_INT(look("outside/x").st_mode & S_IFMT, S_IFCHR); /* beneath the root */
	end();
}

static void test_broken_archives(void)
{
	AUTO_STRBUF struct strbuf zipped = STRBUF_INIT;

	begin("1m");
	add('0', "a", "data");
	tar.data[512 - 1] ^= 1; /* the header's last byte: its sum is wrong now */
	expect_corrupt("checksum");

	begin("1m");
	tar_add(&tar, &(struct tar_file){ .name = "a", .type = '0', .data = "x", .size = 1 });
	strbuf_clear(&tar);
	tar_add(&tar, &(struct tar_file){ .name = "a", .type = '0', .data = "0123456789" });
	tar.len = 515; /* in the middle of the data */
	EXPECT_INT(unpack(), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	tar.len = 100; /* in the middle of the header */
	EXPECT_INT(unpack(), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	end();

	begin("1m");
	add('0', "a", "data");
	tar_end(&tar);
	gzip_to(&zipped, tar.data, tar.len);
	EXPECT_INT(unpack_bytes(zipped.data, zipped.len / 2, NULL), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_HAS(err.msg, "gzip");
	zipped.data[zipped.len / 2] ^= 0x55;
	EXPECT_INT(unpack_bytes(zipped.data, zipped.len, NULL), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	zipped.data[zipped.len / 2] ^= 0x55;
	strbuf_add(&zipped, "trailing", 8);
	EXPECT_INT(unpack_bytes(zipped.data, zipped.len, NULL), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_INT(unpack_bytes(tar.data, tar.len, "sha256:00"), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_HAS(err.msg, "diff ID");
	end();
}

static void test_broken_headers(void)
{
	static const struct { const char *key, *value; } records[] = {
		{ "size", "-1" }, { "size", "99999999999999999999" }, { "size", "1x" },
		{ "uid", "4294967295" }, { "mtime", "soon" }, { "uid", "" "-5" },
	};

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		begin("1m");
		tar_add_pax(&tar, records[i].key, records[i].value, strlen(records[i].value));
		add('0', "a", "");
		tar_end(&tar);
		EXPECT_INT(unpack(), -1);
		EXPECT_INT(err.kind, ERR_CORRUPT);
		end();
	}
	begin("1m");
	tar_add(&tar, &(struct tar_file){ .name = "pax", .type = 'x', .data = "999 path=x\n" });
	expect_corrupt("pax header");
	begin("1m");
	tar_add(&tar, &(struct tar_file){ .name = "pax", .type = 'x', .data = "nonsense" });
	expect_corrupt("pax header");
	begin("1m");
	tar_add_pax(&tar, "path", "a\0b", 3);
	add('0', "a", "");
	expect_corrupt("NUL byte");
	begin("1m");
	add('Z', "a", "");
	tar_end(&tar);
	EXPECT_INT(unpack(), -1);
	EXPECT_INT(err.kind, ERR_UNSUPPORTED);
	end();
}

static void test_full_disk(void)
{
	AUTO_FREE char *data = xcalloc(1, 300000);

	begin("256k");
	tar_add(&tar, &(struct tar_file){ .name = "big", .type = '0', .data = data, .size = 300000 });
	tar_end(&tar);
	EXPECT_INT(unpack(), -1);
	EXPECT_INT(err.kind, ERR_NO_SPACE);
	EXPECT_HAS(err.msg, "big");
	end();
}

int suite_unpack(void)
{
	static const CU_TestInfo tests[] = {
		{ "every kind of entry, with owner, mode and time", test_kinds },
		{ "pax records", test_pax },
		{ "GNU's long names", test_gnu_names },
		{ "gzip in members, zstd in frames, and no compression", test_compression },
		{ "xz in streams, bzip2 in members", test_rare_compression },
		{ "xz does not get all the memory that it asks for", test_greedy_xz },
		{ "a file called BZh", test_bzip2_name },
		{ "whiteouts become overlayfs's", test_whiteouts },
		{ "marks and devices in a user namespace", test_user_namespace },
		{ "entries in any order", test_order },
		{ "names do not climb out", test_climbing },
		{ "links do not lead out", test_links_out },
		{ "hard links do not reach out", test_hard_links_out },
		{ "whiteouts of what no entry may name", test_odd_whiteouts },
		{ "broken archives", test_broken_archives },
		{ "broken headers", test_broken_headers },
		{ "a full disk", test_full_disk },
		CU_TEST_INFO_NULL,
	};

	return suite_add("unpack", tests);
}
