/*
 * option_test.c - "Linux mount options" in config.md, word by word. What a word
 * does is what the kernel then says about the mount: its options, those of its
 * file system, how it propagates (proc(5), mountinfo).
 */
#include "conform.h"

#include <sys/mount.h>

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

/* The options of a tmpfs, and what must and must not be in mountinfo for it. */
struct word_case {
	const char *options;
	const char *has, *hasnt;
	bool super; /* of the file system, not of the mount */
};

static void check_words(const struct word_case *cases, size_t n)
{
	json_t *config = sleeper();

	for (size_t i = 0; i < n; i++)
		append(config, "mounts", "{'destination': '/tmp/%zu', 'type': 'tmpfs', 'source': 'tmpfs', 'options': [%s]}", i,
		       cases[i].options);
	if (!start(config))
		return;
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *path = xasprintf("/tmp/%zu", i);
		struct mount_info m;
		const char *list;

		mount_of(path, &m);
		list = cases[i].super ? m.super : m.options;
		if ((cases[i].has && !listed(list, cases[i].has)) ||
		    (cases[i].hasnt && listed(list, cases[i].hasnt))) {
			fprintf(stderr, "\n[%s]: expected %s and not %s in '%s'\n", cases[i].options,
				cases[i].has ? cases[i].has : "-", cases[i].hasnt ? cases[i].hasnt : "-", list);
			CU_FAIL("the mount is as its options say");
		}
	}
	stop();
}

#define CHECK_WORDS(cases) check_words(cases, sizeof cases / sizeof *cases)
#define WORD(level, word, text) { "config.md#linux-mount-options", level, "`" word "`: " text }

PROVES(flags_of_a_mount,
	WORD(MUST, "ro", "nothing can be written."), WORD(MUST, "rw", "the opposite."),
	WORD(MUST, "nosuid", "set-user-id bits have no effect."), WORD(MUST, "suid", "the opposite."),
	WORD(MUST, "nodev", "device nodes cannot be opened."), WORD(MUST, "dev", "the opposite."),
	WORD(MUST, "noexec", "programs cannot be run."), WORD(MUST, "exec", "the opposite."));
static void flags_of_a_mount(void)
{
	static const struct word_case cases[] = {
		{ "'ro'", "ro", "rw" }, { "'ro', 'rw'", "rw", "ro" },
		{ "'nosuid'", "nosuid", NULL }, { "'nosuid', 'suid'", NULL, "nosuid" },
		{ "'nodev'", "nodev", NULL }, { "'nodev', 'dev'", NULL, "nodev" },
		{ "'noexec'", "noexec", NULL }, { "'noexec', 'exec'", NULL, "noexec" },
	};

	CHECK_WORDS(cases);
}

PROVES(access_times,
	WORD(MUST, "noatime", "reading does not change a time."), WORD(MUST, "atime", "the opposite."),
	WORD(MUST, "nodiratime", "nor does reading a directory."), WORD(MUST, "diratime", "the opposite."),
	WORD(MUST, "relatime", "a time changes when it would otherwise be older than the content's."),
	WORD(MUST, "norelatime", "takes it back."),
	WORD(MUST, "strictatime", "a time changes at every reading."),
	WORD(MUST, "nostrictatime", "takes it back."));
static void access_times(void)
{
	static const struct word_case cases[] = {
		{ "'noatime'", "noatime", "relatime" }, { "'noatime', 'atime'", NULL, "noatime" },
		{ "'nodiratime'", "nodiratime", NULL }, { "'nodiratime', 'diratime'", NULL, "nodiratime" },
		{ "'relatime'", "relatime", "noatime" }, { "'relatime', 'norelatime'", NULL, "noatime" },
		{ "'strictatime'", NULL, "relatime" }, { "'strictatime', 'nostrictatime'", NULL, "noatime" },
	};

	CHECK_WORDS(cases);
}

PROVES(flags_of_a_file_system,
	WORD(MUST, "sync", "writes are not delayed."), WORD(MUST, "async", "the opposite."),
	WORD(MUST, "dirsync", "changes of directories are not delayed."),
	WORD(MUST, "lazytime", "times are kept in memory for a while."), WORD(MUST, "nolazytime", "the opposite."));
static void flags_of_a_file_system(void)
{
	static const struct word_case cases[] = {
		{ "'sync'", "sync", NULL, true }, { "'sync', 'async'", NULL, "sync", true },
		{ "'dirsync'", "dirsync", NULL, true },
		{ "'lazytime'", "lazytime", NULL, true }, { "'lazytime', 'nolazytime'", NULL, "lazytime", true },
	};

	CHECK_WORDS(cases);
}

PROVES(words_that_do_not_show,
	WORD(MUST, "defaults", "no option at all."),
	WORD(MUST, "iversion", "changes are counted: taken, and not handed to the file system, which would refuse the word."),
	WORD(MUST, "noiversion", "the opposite: taken likewise."),
	WORD(MUST, "silent", "the kernel does not log what it dislikes: taken likewise."),
	WORD(MUST, "loud", "the opposite: taken likewise."));
static void words_that_do_not_show(void)
{
	static const struct word_case cases[] = {
		{ "'defaults'", "rw", "nosuid" }, { "'iversion'", "rw", "ro" }, { "'noiversion'", "rw", "ro" },
		{ "'silent'", "rw", "ro" }, { "'loud'", "rw", "ro" }, { "'silent', 'loud'", "rw", "ro" },
	};

	CHECK_WORDS(cases);
}

PROVES(no_symbolic_links,
	WORD(SHOULD, "nosymfollow", "symbolic links are not followed."), WORD(SHOULD, "symfollow", "the opposite."));
static void no_symbolic_links(void)
{
	static const struct word_case cases[] = {
		{ "'nosymfollow'", "nosymfollow", NULL }, { "'nosymfollow', 'symfollow'", NULL, "nosymfollow" },
	};

	CHECK_WORDS(cases);
}

PROVES(mandatory_locks,
	WORD("MAY", "mand", "taken (kernels since 5.15 do nothing for it)."), WORD("MAY", "nomand", "taken."));
static void mandatory_locks(void)
{
	static const struct word_case cases[] = { { "'mand'", "rw", "ro" }, { "'nomand'", "rw", "ro" } };

	CHECK_WORDS(cases);
}

PROVES(remount,
	WORD(MUST, "remount", "what is mounted there gets other options."));
static void remount(void)
{
	json_t *config = sleeper();
	struct mount_info m;

	append(config, "mounts", "{'destination': '/data', 'type': 'tmpfs', 'source': 'first', 'options': ['mode=711']}");
	append(config, "mounts", "{'destination': '/data', 'type': 'tmpfs', 'source': 'first', "
	       "'options': ['remount', 'ro', 'nosuid']}");
	if (!start(config))
		return;
	mount_of("/data", &m);
	CU_ASSERT(listed(m.options, "ro") && listed(m.options, "nosuid") && listed(m.super, "mode=711"));
	stop();
}

/* A directory of the host with another file system mounted in it, at .../sub,
 * both with these flags. */
static const char *tree(unsigned number, unsigned long flags)
{
	static char dir[128];
	AUTO_FREE char *sub = NULL;

	snprintf(dir, sizeof dir, "%s/tree%u", test_dir, number);
	sub = xasprintf("%s/sub", dir);
	CU_ASSERT(make_dir(dir) && !mount("tmpfs", dir, "tmpfs", 0, NULL) && make_dir(sub));
	CU_ASSERT(!mount("tmpfs", sub, "tmpfs", 0, NULL));
	write_file(dir, "name", "top\n");
	write_file(sub, "name", "below\n");
	if (flags != MS_SHARED)
		flags |= MS_REMOUNT | MS_BIND;
	CU_ASSERT(!mount(NULL, sub, NULL, flags, NULL) && !mount(NULL, dir, NULL, flags, NULL));
	return dir;
}

PROVES(bind_and_rbind,
	WORD(MUST, "bind", "the directory appears there, without what is mounted below it."),
	WORD(MUST, "rbind", "it appears with all that is mounted below it."));
static void bind_and_rbind(void)
{
	json_t *config = shell("cat /data/name /data/sub/name 2>/dev/null; cat /more/name /more/sub/name");
	const char *dir = tree(0, 0);

	append(config, "mounts", "{'destination': '/data', 'source': '%s', 'options': ['bind']}", dir);
	append(config, "mounts", "{'destination': '/more', 'source': '%s', 'options': ['rbind']}", dir);
	SAYS(config, "top\ntop\nbelow\n");
	unmount_left();
}

PROVES(options_of_a_bind_mount,
	{ "config.md#linux-mount-options", MUST, "The options of a bind mount are that mount's alone, not those of what it shows." });
static void options_of_a_bind_mount(void)
{
	const char *dir = tree(0, 0);
	json_t *config = sleeper();
	struct mount_info m;

	append(config, "mounts", "{'destination': '/data', 'source': '%s', 'options': ['bind', 'ro', 'nosuid', "
	       "'nodev', 'noexec', 'noatime']}", dir);
	if (start(config)) {
		mount_of("/data", &m);
		CU_ASSERT(listed(m.options, "ro") && listed(m.options, "nosuid") && listed(m.options, "nodev") &&
			  listed(m.options, "noexec") && listed(m.options, "noatime"));
		write_file(dir, "still", "writable\n");
		stop();
	}
	unmount_left();
}

/* An rbind with this word of a tree with these flags: what its two mounts have,
 * and have not. */
struct tree_case {
	const char *word;
	unsigned long flags;
	const char *has, *hasnt;
};

static void check_mount(const struct tree_case *c, const char *path)
{
	struct mount_info m;

	mount_of(path, &m);
	if ((c->has && !listed(m.options, c->has)) || (c->hasnt && listed(m.options, c->hasnt))) {
		fprintf(stderr, "\n%s: %s has '%s'\n", c->word, path, m.options);
		CU_FAIL("the word holds for the whole tree");
	}
}

static void check_trees(const struct tree_case *cases, unsigned n)
{
	json_t *config = sleeper();

	for (unsigned i = 0; i < n; i++)
		append(config, "mounts", "{'destination': '/tmp/%u', 'source': '%s', 'options': ['rbind', '%s']}", i,
		       tree(i, cases[i].flags), cases[i].word);
	if (start(config)) {
		for (unsigned i = 0; i < n; i++) {
			AUTO_FREE char *top = xasprintf("/tmp/%u", i), *sub = xasprintf("/tmp/%u/sub", i);

			check_mount(&cases[i], top);
			check_mount(&cases[i], sub);
		}
		stop();
	}
	unmount_left();
}

#define CHECK_TREES(cases) check_trees(cases, sizeof cases / sizeof *cases)

PROVES(recursive_words,
	WORD(SHOULD, "rro", "`ro` for the mount and all below it."), WORD(SHOULD, "rrw", "`rw`, likewise."),
	WORD(SHOULD, "rnosuid", "`nosuid`, likewise."), WORD(SHOULD, "rsuid", "`suid`, likewise."),
	WORD(SHOULD, "rnodev", "`nodev`, likewise."), WORD(SHOULD, "rdev", "`dev`, likewise."),
	WORD(SHOULD, "rnoexec", "`noexec`, likewise."), WORD(SHOULD, "rexec", "`exec`, likewise."),
	WORD(SHOULD, "rnodiratime", "`nodiratime`, likewise."), WORD(SHOULD, "rdiratime", "`diratime`, likewise."));
static void recursive_words(void)
{
	static const struct tree_case cases[] = {
		{ "rro", 0, "ro", "rw" }, { "rrw", MS_RDONLY, "rw", "ro" },
		{ "rnosuid", 0, "nosuid", NULL }, { "rsuid", MS_NOSUID, NULL, "nosuid" },
		{ "rnodev", 0, "nodev", NULL }, { "rdev", MS_NODEV, NULL, "nodev" },
		{ "rnoexec", 0, "noexec", NULL }, { "rexec", MS_NOEXEC, NULL, "noexec" },
		{ "rnodiratime", 0, "nodiratime", NULL }, { "rdiratime", MS_NODIRATIME, NULL, "nodiratime" },
	};

	CHECK_TREES(cases);
}

PROVES(recursive_access_times,
	WORD(SHOULD, "rnoatime", "`noatime` for the mount and all below it."),
	WORD(SHOULD, "rrelatime", "`relatime`, likewise."),
	WORD(SHOULD, "rstrictatime", "`strictatime`, likewise."));
static void recursive_access_times(void)
{
	static const struct tree_case cases[] = {
		{ "rnoatime", 0, "noatime", "relatime" }, { "rrelatime", MS_NOATIME, "relatime", "noatime" },
		{ "rstrictatime", 0, NULL, "relatime" },
	};

	CHECK_TREES(cases);
}

PROVES(recursive_access_times_taken_back,
	WORD(SHOULD, "ratime", "`atime` for the mount and all below it."),
	WORD(SHOULD, "rnorelatime", "`norelatime`, likewise."),
	WORD(SHOULD, "rnostrictatime", "`nostrictatime`, likewise."));
static void recursive_access_times_taken_back(void)
{
	static const struct tree_case cases[] = {
		{ "ratime", MS_NOATIME, NULL, "noatime" }, { "rnorelatime", 0, NULL, "noatime" },
		{ "rnostrictatime", MS_STRICTATIME, "relatime", "noatime" },
	};

	CHECK_TREES(cases);
}

PROVES(recursive_symbolic_links,
	WORD(SHOULD, "rnosymfollow", "`nosymfollow` for the mount and all below it."),
	WORD(SHOULD, "rsymfollow", "`symfollow`, likewise."));
static void recursive_symbolic_links(void)
{
	static const struct tree_case cases[] = {
		{ "rnosymfollow", 0, "nosymfollow", NULL }, { "rsymfollow", MS_NOSYMFOLLOW, NULL, "nosymfollow" },
	};

	CHECK_TREES(cases);
}

/* How the tree's two mounts, which are shared on the host, propagate with a word;
 * "" for not at all, NULL for any way. mountinfo says "shared:5 master:1". */
static const struct propagation_case { const char *word, *top, *below; } propagations[] = {
	{ "private", "", NULL }, { "rprivate", "", "" },
	{ "shared", "shared:", NULL }, { "rshared", "shared:", "shared:" },
	{ "slave", "master:", NULL }, { "rslave", "master:", "master:" },
	{ "unbindable", "unbindable", NULL }, { "runbindable", "unbindable", "unbindable" },
};

static void check_propagation(const char *word, const char *path, const char *want)
{
	struct mount_info m;

	mount_of(path, &m);
	if (want && (*want ? !strstr(m.propagation, want) : *m.propagation)) {
		fprintf(stderr, "\n%s: %s propagates '%s', expected '%s'\n", word, path, m.propagation, want);
		CU_FAIL("the propagation is as the word says");
	}
}

PROVES(propagation_words,
	WORD(MUST, "private", "the mount passes nothing on and receives nothing."),
	WORD(MUST, "rprivate", "so do all below it."),
	WORD(MUST, "shared", "the mount is a member of a peer group."), WORD(MUST, "rshared", "so are all below it."),
	WORD(MUST, "slave", "the mount receives what is mounted on the host, and passes nothing on."),
	WORD(MUST, "rslave", "so do all below it."),
	WORD(MUST, "unbindable", "the mount cannot be bound elsewhere."), WORD(MUST, "runbindable", "nor can any below it."));
static void propagation_words(void)
{
	const unsigned n = sizeof propagations / sizeof *propagations;
	json_t *config = sleeper();

	for (unsigned i = 0; i < n; i++)
		append(config, "mounts", "{'destination': '/tmp/%u', 'source': '%s', 'options': ['rbind', '%s']}", i,
		       tree(i, MS_SHARED), propagations[i].word);
	if (start(config)) {
		for (unsigned i = 0; i < n; i++) {
			AUTO_FREE char *top = xasprintf("/tmp/%u", i), *sub = xasprintf("/tmp/%u/sub", i);

			check_propagation(propagations[i].word, top, propagations[i].top);
			check_propagation(propagations[i].word, sub, propagations[i].below);
		}
		stop();
	}
	unmount_left();
}

PROVES(copying_up,
	WORD("MAY", "tmpcopyup", "a tmpfs begins with a copy of what it covers."));
static void copying_up(void)
{
	json_t *config = shell("cat /etc/plain; echo x >/etc/new && echo writable");

	append(config, "mounts", "{'destination': '/etc', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['tmpcopyup']}");
	SAYS(config, "plain\nwritable\n");
}

const struct test option_rules[] = {
	TEST(flags_of_a_mount, CRUN_DIFFERS = "a later word does not take an earlier one back"),
	TEST(access_times, CRUN_DIFFERS = "a later word does not take an earlier one back"),
	TEST(flags_of_a_file_system, CRUN_DIFFERS = "a later word does not take an earlier one back"),
	TEST(words_that_do_not_show, RUNC_DIFFERS = "`defaults` is handed to the file system, which refuses it",
	     CRUN_DIFFERS = "the kernel refuses what it makes of `iversion`"),
	TEST(no_symbolic_links, CRUN_DIFFERS = "`nosymfollow` is handed to the file system, which refuses it"),
	TEST(mandatory_locks),
	TEST(remount),
	TEST(bind_and_rbind),
	TEST(options_of_a_bind_mount),
	TEST(recursive_words, CRUN_DIFFERS = "the kernel refuses what it makes of `rnodiratime`"),
	TEST(recursive_access_times, CRUN_DIFFERS = "the kernel refuses what it asks for"),
	TEST(recursive_access_times_taken_back, RUNC_DIFFERS = "the kernel refuses what it asks for",
	     CRUN_DIFFERS = "the kernel refuses what it asks for"),
	TEST(recursive_symbolic_links, CRUN_DIFFERS = "the words change nothing"),
	TEST(propagation_words, CRUN_DIFFERS = "mounts that are shared on the host have become private before"),
	TEST(copying_up),
	{ NULL },
};
