/*
 * test_diff.c - layers out of snapshots: what a container did in a mounted snapshot is what
 * its layer brings back. GNU tar and find(1) are the judges.
 */
#include "diff.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "mounts.h"
#include "suites.h"
#include "unpack.h"

static struct err err;
static char *dir;
static struct ctrd_snapshots *s;
static struct content *content;

static bool native; /* the copying snapshotter */

static void begin(void)
{
	AUTO_FREE char *snapshots = NULL, *blobs = NULL, *mnt = NULL;

	dir = tmp_new("64m");
	snapshots = xasprintf("%s/snapshots", dir);
	blobs = xasprintf("%s/content", dir);
	mnt = xasprintf("%s/mnt", dir);
	mkdir(mnt, 0755);
	s = native ? ctrd_snapshots_open_native(snapshots, &err)
		   : ctrd_snapshots_open(snapshots, &err);
	content = content_open(blobs, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_PTR_NOT_NULL_FATAL(content);
}

static void end(void)
{
	ctrd_snapshots_close(s);
	content_close(content);
	tmp_free(dir);
}

/* Run in the mounted snapshot: $D is the test's directory; what it prints. */
static char *sh(const char *script)
{
	AUTO_FREE char *line = xasprintf("exec 2>&1; D=%s; cd $D/mnt && { %s\n}", dir, script);
	struct strbuf out = STRBUF_INIT;
	FILE *f = popen(line, "re");
	char buf[4096];
	size_t n;

	while (f && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_add(&out, buf, n);
	EXPECT_INT(f ? pclose(f) : -1, 0);
	return strbuf_steal(&out);
}

/* Mount the snapshot, run the script in it, unmount. */
static char *in(const char *key, const char *script)
{
	AUTO_JSON json_t *mounts = ctrd_snapshot_mounts(s, key, &err);
	AUTO_FREE char *target = xasprintf("%s/mnt", dir);
	char *out;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mounts);
	EXPECT_OK(ctrd_mounts_apply(mounts, target, &err));
	out = sh(script);
	EXPECT_INT(umount(target), 0);
	return out;
}

static void run_in(const char *key, const char *script)
{
	AUTO_FREE char *out = in(key, script);

	EXPECT_STR(out, "");
}

/* Everything about every file but its directory's size and inode number. */
static const char links[] = "find . -type f -printf '%p %n\\n' | sort; ";
static const char look[] =
	"find . -printf '%p %y %m %U %G %T@ %l ' \\( -type f -printf '%s' -o -true \\) -printf '\\n' | "
	"sort; find . -type f -exec sha256sum {} + | sort; "
	"find . \\( -type b -o -type c \\) -exec stat -c '%n %t:%T' {} + | sort; "
	"python3 -c '\nimport os\nfor d, ds, fs in sorted(os.walk(\".\")):\n"
	" for n in sorted(ds + fs):\n"
	"  p = os.path.join(d, n)\n"
	"  for x in sorted(os.listxattr(p, follow_symlinks=False)):\n"
	"   if \"overlay\" not in x: print(p, x, os.getxattr(p, x, follow_symlinks=False))\n'";

static void base_layer(void)
{
	EXPECT_OK(ctrd_snapshot_prepare(s, "k", NULL, CTRD_ACTIVE, &err));
	run_in("k", "umask 022; mkdir -p etc var/lib/db gone/deep tmp; chmod 1777 tmp; echo a >etc/a; "
		    "echo b >etc/b; ln etc/b etc/b2; ln -s a etc/l; echo x >gone/deep/x; "
		    "echo y >var/lib/db/y; echo z >var/lib/db/z; mkdir dir; echo 1 >dir/1; echo f >file; "
		    "touch -d 2001-02-03T04:05:06 etc/a etc/b etc");
	EXPECT_OK(ctrd_snapshot_commit(s, &(struct ctrd_commit){ .key = "k", .name = "base" }, &err));
}

/* All that a container can do to its files. */
static void change(const char *key, const char *parent)
{
	EXPECT_OK(ctrd_snapshot_prepare(s, key, parent, CTRD_ACTIVE, &err));
	run_in(key, "umask 022; echo changed >etc/a; rm etc/b; rm -r gone; chmod 700 tmp; mkdir new; "
		    "echo n >new/n; ln new/n new/m; ln new/n z-link; mkfifo new/fifo; mknod new/c c 1 3; "
		    "mknod new/b b 7 0; chown 5:6 new/n; chmod 4755 new/n; ln -s /nowhere new/dangling; "
		    "rm -r var/lib/db; mkdir var/lib/db; echo w >var/lib/db/w; rm -r dir; echo d >dir; "
		    "rm file; mkdir file; echo g >file/g; touch -d 1965-01-01T00:00:00.25Z new/old; "
		    "L=$(printf 'l%.0s' $(seq 120)); mkdir -p $L/$L; echo long >$L/$L/$L; ln -s $L$L new/ll; "
		    "printf 'space \\303\\244\\n' >'new/a b \303\244'; chown 3000000:4000000 new/dangling -h; "
		    "python3 -c 'import os, socket; os.setxattr(\"new/m\", \"trusted.x\", b\"\\xff\\0\"); "
		    "os.setxattr(\"etc/a\", \"security.capability\", b\"\\1\\0\\0\\2\\0\\4\" + 14 * b\"\\0\"); "
		    "socket.socket(socket.AF_UNIX).bind(\"new/sock\")'");
}

static void layer_of(const char *key, struct ctrd_diffed *out)
{
	EXPECT_OK(ctrd_diff(s, content, &(struct ctrd_diff){ .key = key }, out, &err));
}

/* Unpack a layer over `parent`, as a pull does. */
static void apply(const struct ctrd_diffed *d, const char *name, const char *parent)
{
	AUTO_CLOSE int blob = content_reader(content, d->digest, NULL, &err);
	AUTO_CLOSE int root = -1;
	struct ctrd_unpack_options o = { .diff_id = d->diff_id };
	struct ctrd_unpacked u = { .size = 0 };
	struct ctrd_commit c = { .key = "applied", .name = name, .parent = parent };

	EXPECT_OK(ctrd_snapshot_prepare(s, "applied", NULL, CTRD_ACTIVE, &err));
	root = ctrd_snapshot_layer(s, "applied", &err);
	EXPECT_OK(ctrd_unpack_fd(blob, root, &o, &u, &err));
	EXPECT_INT((long long)u.size, (long long)d->diff_size);
	c.implicit = (const char *const *)u.implicit.v;
	EXPECT_OK(ctrd_snapshot_commit(s, &c, &err));
	ctrd_unpacked_free(&u);
}

static char *look_at(const char *name, const char *script)
{
	char *out;

	EXPECT_OK(ctrd_snapshot_prepare(s, "look", name, CTRD_VIEW, &err));
	out = in("look", script);
	EXPECT_OK(ctrd_snapshot_remove(s, "look", &err));
	return out;
}

static void test_round_trip(void)
{
	AUTO_FREE char *all = xasprintf("%s%s", links, look), *want = NULL, *got = NULL;
	struct ctrd_diffed d;
	uint64_t size;

	begin();
	base_layer();
	change("c", "base");
	want = in("c", "rm new/sock; touch -d 2020-02-02 new;" /* no layer has a socket */);
	EXPECT_STR(want, "");
	free(want);
	want = in("c", all);
	layer_of("c", &d);
	EXPECT_STR(d.media_type, "application/vnd.oci.image.layer.v1.tar+gzip");
	CU_ASSERT_TRUE(content_has(content, d.digest, &size));
	EXPECT_INT((long long)size, (long long)d.size);
	apply(&d, "again", "base");
	got = look_at("again", all);
	EXPECT_STR(got, want);
	end();
}

static void test_archive(void)
{
	AUTO_FREE char *names = NULL, *script = NULL;
	struct ctrd_diffed d;

	begin();
	base_layer();
	change("c", "base");
	layer_of("c", &d);
	script = xasprintf("tar --quoting-style=literal -tzf $D/content/blobs/sha256/%s | grep -v lll | LC_ALL=C sort",
			   strchr(d.digest, ':') + 1);
	names = sh(script);
	EXPECT_STR(names, "./\n.wh.gone\ndir\netc/\netc/.wh.b\netc/a\nfile/\nfile/g\nnew/\n"
			  "new/a b \303\244\nnew/b\nnew/c\nnew/dangling\nnew/fifo\nnew/ll\nnew/m\nnew/n\n"
			  "new/old\ntmp/\nvar/\nvar/lib/\nvar/lib/db/\nvar/lib/db/.wh..wh..opq\n"
			  "var/lib/db/w\nz-link\n");
	free(names);
	free(script);
	script = xasprintf("tar --numeric-owner -tvzf $D/content/blobs/sha256/%s new/m new/n new/c z-link | "
			   "sed 's/ 20[^ ]* [^ ]*//; s/  */ /g'", strchr(d.digest, ':') + 1);
	names = sh(script);
	EXPECT_STR(names, "crw-r--r-- 0/0 1,3 new/c\n-rwsr-xr-x 5/6 2 new/m\n"
			  "hrwsr-xr-x 5/6 0 new/n link to new/m\n"
			  "hrwsr-xr-x 5/6 0 z-link link to new/m\n");
	end();
}

static void test_reproducible(void)
{
	struct ctrd_diff clamp = { .key = "c", .plain = true, .clamp = true, .epoch = 1000000000 };
	struct ctrd_diffed a, b;
	AUTO_FREE char *late = NULL, *script = NULL;

	begin();
	base_layer();
	change("c", "base");
	layer_of("c", &a);
	layer_of("c", &b);
	EXPECT_STR(a.digest, b.digest);
	EXPECT_OK(ctrd_diff(s, content, &clamp, &a, &err));
	EXPECT_STR(a.media_type, "application/vnd.oci.image.layer.v1.tar");
	EXPECT_STR(a.digest, a.diff_id);
	/* The same work again, later: other times, the same layer. */
	EXPECT_OK(ctrd_snapshot_remove(s, "c", &err));
	change("c", "base");
	EXPECT_OK(ctrd_diff(s, content, &clamp, &b, &err));
	EXPECT_STR(a.digest, b.digest);
	script = xasprintf("TZ=UTC tar --full-time -tvf $D/content/blobs/sha256/%s | grep -v "
			   "'2001-09-09 01:46:40\\|1965-\\|1970-01-01 00:00:00' | wc -l",
			   strchr(a.digest, ':') + 1);
	late = sh(script);
	EXPECT_STR(late, "0\n");
	end();
}

static int note(void *arg, const char *path, enum ctrd_change_kind kind, struct err *e)
{
	(void)e;
	if (!strstr(path, "lll"))
		strbuf_addf(arg, "%c %s\n", "CAD"[kind], path);
	return 0;
}

static void expect_changes(const struct ctrd_diff *d, const char *want)
{
	AUTO_STRBUF struct strbuf got = STRBUF_INIT;

	EXPECT_OK(ctrd_changes(s, d, note, &got, &err));
	EXPECT_STR(got.data ? got.data : "", want);
}

static void test_changes(void)
{
	begin();
	base_layer();
	EXPECT_OK(ctrd_snapshot_prepare(s, "c", "base", CTRD_ACTIVE, &err));
	expect_changes(&(struct ctrd_diff){ .key = "c" }, "");
	run_in("c", "echo 1 >etc/a; rm etc/b; mkdir new; echo n >new/n; rm -r var/lib/db; "
		    "mkdir var/lib/db; echo y >var/lib/db/y");
	expect_changes(&(struct ctrd_diff){ .key = "c" },
		       "C /etc\nC /etc/a\nD /etc/b\nA /new\nA /new/n\nC /var/lib\nC /var/lib/db\n"
		       "C /var/lib/db/y\nD /var/lib/db/z\n");
	end();
}

static void test_left_out(void)
{
	struct strlist without = STRLIST_INIT;
	struct ctrd_diff d = { .key = "c", .without = &without };
	struct ctrd_diffed layer;

	strlist_add(&without, "/mark");
	strlist_add(&without, "/etc/hosts");
	strlist_add(&without, "/etc/b");
	strlist_add(&without, "/dev/pts");
	begin();
	base_layer();
	EXPECT_OK(ctrd_snapshot_prepare(s, "c", "base", CTRD_ACTIVE, &err));
	run_in("c", "sleep 0.01; echo >mark; echo >etc/hosts; rm etc/b; mkdir -p dev/pts/deep");
	expect_changes(&d, "");
	EXPECT_OK(ctrd_diff(s, content, &d, &layer, &err));
	EXPECT_INT((long long)layer.diff_size, 1024); /* the end of an archive, and nothing else */
	expect_changes(&(struct ctrd_diff){ .key = "c" },
		       "A /dev\nA /dev/pts\nA /dev/pts/deep\nC /etc\nD /etc/b\nA /etc/hosts\nA /mark\n");
	run_in("c", "echo >etc/hosts.allow; echo >dev/x");
	expect_changes(&d, "A /dev\nA /dev/x\nC /etc\nA /etc/hosts.allow\n");
	run_in("c", "rm etc/hosts.allow dev/x; chmod 700 etc");
	expect_changes(&d, "C /etc\n");
	strlist_free(&without);
	end();
}

/* Trees that are not parent and child are compared as a whole. */
static void test_any_two(void)
{
	AUTO_FREE char *want = NULL, *got = NULL;
	struct ctrd_diffed d;

	begin();
	base_layer();
	change("c", "base");
	run_in("c", "rm new/sock");
	EXPECT_OK(ctrd_snapshot_commit(s, &(struct ctrd_commit){ .key = "c", .name = "one" }, &err));
	EXPECT_OK(ctrd_snapshot_prepare(s, "c", "one", CTRD_ACTIVE, &err));
	run_in("c", "echo more >more; rm -r new; rm dir");
	EXPECT_OK(ctrd_snapshot_commit(s, &(struct ctrd_commit){ .key = "c", .name = "two" }, &err));
	expect_changes(&(struct ctrd_diff){ .key = "two", .parent = "two" }, "");
	EXPECT_OK(ctrd_diff(s, content, &(struct ctrd_diff){ .key = "two", .parent = "base" }, &d,
			    &err));
	apply(&d, "squashed", "base");
	want = look_at("two", look);
	got = look_at("squashed", look);
	EXPECT_STR(got, want);
	EXPECT_OK(ctrd_diff(s, content, &(struct ctrd_diff){ .key = "two", .parent = "" }, &d, &err));
	apply(&d, "whole", "");
	free(got);
	got = look_at("whole", look);
	EXPECT_STR(got, want);
	EXPECT_INT(ctrd_diff(s, content, &(struct ctrd_diff){ .key = "none" }, &d, &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	end();
}

/* With copies in place of overlayfs the layers are the same, and so are the trees. */
static void test_native(void)
{
	native = true;
	test_round_trip();
	test_any_two();
	test_changes();
	test_left_out();
	native = false;
}

static void use(const char *root, bool copies)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, root);

	ctrd_snapshots_close(s);
	s = copies ? ctrd_snapshots_open_native(path, &err) : ctrd_snapshots_open(path, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
}

/* Layers that were made on one snapshotter, unpacked side by side and put in order at commit,
 * look the same on the other. */
static void test_both(void)
{
	AUTO_FREE char *want = NULL, *got = NULL;
	struct ctrd_diffed lower, upper;

	begin();
	base_layer();
	change("c", "base");
	run_in("c", "rm new/sock");
	layer_of("base", &lower);
	layer_of("c", &upper);
	for (int copies = 0; copies < 2; copies++) {
		use(copies ? "second" : "first", copies);
		apply(&lower, "one", "");
		apply(&upper, "two", "one");
		*(copies ? &got : &want) = look_at("two", look);
	}
	CU_ASSERT_TRUE(strlen(want) > 1000);
	EXPECT_STR(got, want);
	EXPECT_STR(ctrd_snapshots_name(s), "native");
	end();
}

static void test_choice(void)
{
	AUTO_FREE char *on_overlay = NULL, *used = NULL;
	AUTO_FREE char *out = NULL;
	bool copies = true;

	begin();
	EXPECT_OK(ctrd_snapshotter_choose(dir, NULL, &copies, &err));
	CU_ASSERT_FALSE(copies);
	out = sh("mkdir $D/l $D/u $D/w $D/o && mount -t overlay -o lowerdir=$D/l,upperdir=$D/u,workdir=$D/w "
		 "overlay $D/o");
	EXPECT_STR(out, "");
	on_overlay = xasprintf("%s/o", dir);
	EXPECT_OK(ctrd_snapshotter_choose(on_overlay, NULL, &copies, &err));
	CU_ASSERT_TRUE(copies);
	EXPECT_INT(ctrd_snapshotter_choose(on_overlay, "overlayfs", &copies, &err), -1);
	EXPECT_INT(err.kind, ERR_UNSUPPORTED);
	EXPECT_OK(ctrd_snapshotter_choose(dir, "native", &copies, &err));
	CU_ASSERT_TRUE(copies);
	EXPECT_INT(ctrd_snapshotter_choose(dir, "zfs", &copies, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	used = xasprintf("%s/o/snapshots/7", dir); /* chosen before: stays, whatever a probe says */
	EXPECT_OK(file_mkdir_p(used, 0700, &err));
	EXPECT_OK(ctrd_snapshotter_choose(on_overlay, NULL, &copies, &err));
	CU_ASSERT_FALSE(copies);
	EXPECT_INT(umount(on_overlay), 0);
	end();
}

static void test_full_disk(void)
{
	struct ctrd_diffed d;
	AUTO_FREE char *ingest = NULL;

	begin();
	EXPECT_OK(ctrd_snapshot_prepare(s, "k", NULL, CTRD_ACTIVE, &err));
	run_in("k", "head -c 40000000 /dev/urandom >big");
	EXPECT_INT(ctrd_diff(s, content, &(struct ctrd_diff){ .key = "k" }, &d, &err), -1);
	EXPECT_INT(err.kind, ERR_NO_SPACE);
	ingest = xasprintf("%s/content", dir);
	EXPECT_INT((long long)count_below(ingest), 3); /* ingest, blobs, blobs/sha256 */
	end();
}

int suite_diff(void)
{
	static const CU_TestInfo tests[] = {
		{ "a layer brings back what a container did", test_round_trip },
		{ "what is in a layer's archive", test_archive },
		{ "the same change is the same layer", test_reproducible },
		{ "changes as docker diff lists them", test_changes },
		{ "what is left out, and what changed for it alone", test_left_out },
		{ "any two snapshots, and one against nothing", test_any_two },
		{ "the same with copies in place of overlayfs", test_native },
		{ "both snapshotters make the same trees", test_both },
		{ "overlayfs is chosen where it works", test_choice },
		{ "a full disk leaves no half layer", test_full_disk },
		CU_TEST_INFO_NULL,
	};

	return suite_add("diff", tests);
}
