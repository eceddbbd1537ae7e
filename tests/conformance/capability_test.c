/*
 * capability_test.c - `process.capabilities` ("Linux Process" in config.md).
 */
#include "conform.h"

/* KILL is 5, CHOWN is 0 (capabilities(7)). */
static const struct { const char *set, *line; } sets[] = {
	{ "bounding", "CapBnd:" }, { "effective", "CapEff:" }, { "permitted", "CapPrm:" },
	{ "inheritable", "CapInh:" }, { "ambient", "CapAmb:" },
};

static json_t *with_caps(const char *text, const char *bounding, const char *others)
{
	json_t *config = shell(text);

	set(config, "process.capabilities", "{'bounding': %s, 'permitted': %s, 'effective': %s, "
	    "'inheritable': %s, 'ambient': %s}", bounding, others, others, others, others);
	return config;
}

PROVES(capability_sets,
	{ "config.md#linux-process", MUST, "The process's bounding set is the one configured." },
	{ "config.md#linux-process", MUST, "Its effective set is the one configured." },
	{ "config.md#linux-process", MUST, "Its permitted set is the one configured." },
	{ "config.md#linux-process", MUST, "Its inheritable set is the one configured." },
	{ "config.md#linux-process", MUST, "Its ambient set is the one configured." });
static void capability_sets(void)
{
	json_t *config = with_caps("exec sleep 1000", "['CAP_KILL', 'CAP_CHOWN']", "['CAP_KILL']");

	/* Not root's, who gets the bounding set at each exec. */
	set(config, "process.user", "{'uid': 1000, 'gid': 1000}");
	if (!start(config))
		return;
	AUTO_FREE char *status = proc_file("status");

	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		eq_str(line_after(status, sets[i].line), i ? "0000000000000020" : "0000000000000021",
		       sets[i].set, __LINE__);
	stop();
}

PROVES(no_capabilities,
	{ "config.md#linux-process", MUST, "What is not listed is not there: without any, all five sets are empty." });
static void no_capabilities(void)
{
	json_t *config = with_caps("grep -c 'Cap.*:.0000000000000000$' /proc/self/status", "[]", "[]");

	SAYS(config, "5\n");
}

PROVES(capabilities_work,
	{ "config.md#linux-process", MUST, "A capability that is kept can be used, one that is not cannot." });
static void capabilities_work(void)
{
	static const char text[] = "touch /tmp/f; chown 7 /tmp/f 2>/dev/null; stat -c %u /tmp/f";

	SAYS(with_caps(text, "['CAP_CHOWN']", "['CAP_CHOWN']"), "7\n");
	SAYS(with_caps(text, "['CAP_KILL']", "['CAP_KILL']"), "0\n");
}

PROVES(unknown_capabilities,
	{ "config.md#linux-process", MUST, "A name that the kernel does not have is warned about." },
	{ "config.md#linux-process", SHOULD, "It does not make the container fail." });
static void unknown_capabilities(void)
{
	struct result r = run(with_caps("grep CapEff /proc/self/status", "['CAP_KILL', 'CAP_NOPE']",
					"['CAP_KILL', 'CAP_NOPE']"));

	PRINTS(r, "CapEff:\t0000000000000020\n");
	HAS(r.err, "CAP_NOPE");
}

PROVES(capabilities_that_cannot_be_granted,
	{ "config.md#linux-process", MUST, "A capability that the runtime does not have itself is warned about." },
	{ "config.md#linux-process", SHOULD, "It does not make the container fail." });
static void capabilities_that_cannot_be_granted(void)
{
	AUTO_JSON json_t *config = with_caps("grep -E 'Cap(Bnd|Eff)' /proc/self/status",
					     "['CAP_KILL', 'CAP_SYS_TIME']", "['CAP_KILL', 'CAP_SYS_TIME']");
	AUTO_FREE char *dir = xstrdup(bundle(config)), *root = xasprintf("%s/runc", test_dir);
	struct result r = run_program((char *[]){ "setpriv", "--bounding-set", "-sys_time", runc_path, "--root",
						  root, "run", "-b", dir, (char *)new_id(), NULL });

	PRINTS(r, "CapEff:\t0000000000000020\nCapBnd:\t0000000000000020\n");
	HAS(r.err, "CAP_SYS_TIME");
}

const struct test capability_rules[] = {
	TEST(capability_sets),
	TEST(no_capabilities),
	TEST(capabilities_work),
	TEST(unknown_capabilities, CRUN_DIFFERS = "it is left out without a word"),
	TEST(capabilities_that_cannot_be_granted, RUNC_DIFFERS = "it fails", CRUN_DIFFERS = "it fails"),
	{ NULL },
};
