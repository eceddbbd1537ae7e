/*
 * test_caps.c - capability names and sets (capabilities(7)).
 */
#include "suite.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#include "01-kernel/caps.h"

static void names(void)
{
	CU_ASSERT_EQUAL(kern_caps_parse("CAP_CHOWN"), CAP_CHOWN);
	CU_ASSERT_EQUAL(kern_caps_parse("net_admin"), CAP_NET_ADMIN);
	CU_ASSERT_EQUAL(kern_caps_parse("cap_Sys_Admin"), CAP_SYS_ADMIN);
	CU_ASSERT_EQUAL(kern_caps_parse("CAP_CHECKPOINT_RESTORE"), 40);
	CU_ASSERT_EQUAL(kern_caps_parse("CAP_"), -1);
	CU_ASSERT_EQUAL(kern_caps_parse("ALL"), -1);
	for (int cap = 0; kern_caps_name(cap); cap++)
		CU_ASSERT_EQUAL(kern_caps_parse(kern_caps_name(cap)), cap);
	CU_ASSERT_STRING_EQUAL(kern_caps_name(CAP_SETFCAP), "CAP_SETFCAP");
	CU_ASSERT_PTR_NULL(kern_caps_name(-1));
	CU_ASSERT_PTR_NULL(kern_caps_name(64));
}

/* The kernel's own number of its last capability. */
static void all(void)
{
	FILE *f = fopen("/proc/sys/kernel/cap_last_cap", "re");
	int last = -1;

	if (!f || fscanf(f, "%d", &last) != 1)
		last = -1;
	if (f)
		fclose(f);
	if (last < 0)
		SKIP("no cap_last_cap in /proc");
	CU_ASSERT_EQUAL(kern_caps_all(), (UINT64_C(1) << (last + 1)) - 1);
}

#define BIT(c) (UINT64_C(1) << (c))

/* What the process says of itself must be what /proc says of it. */
static uint64_t status_line(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long long value = 0;
	char line[256];

	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ":%llx", &value);
	if (f)
		fclose(f);
	return value;
}

static void drop_to_two(void *arg)
{
	uint64_t two = BIT(CAP_CHOWN) | BIT(CAP_NET_BIND_SERVICE);
	struct kern_caps want = { two, two, two, two, BIT(CAP_NET_BIND_SERVICE) }, got;

	(void)arg;
	MUST_OK(kern_caps_bound(&want, &child));
	MUST(!prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) && !setgid(65534) && !setuid(65534));
	MUST_OK(kern_caps_apply(&want, &child));
	MUST_OK(kern_caps_get(&got, &child));
	MUST(!memcmp(&got, &want, sizeof got));
	MUST(kern_caps_permitted() == two && kern_caps_bounded(two | BIT(CAP_KILL)) == two);
	MUST(status_line("CapBnd") == two && status_line("CapEff") == two);
	MUST(status_line("CapPrm") == two && status_line("CapInh") == two);
	MUST(status_line("CapAmb") == BIT(CAP_NET_BIND_SERVICE));
}

static void cannot_get_back(void *arg)
{
	struct kern_caps none = { 0 }, some = { .permitted = BIT(CAP_KILL) };
	struct err err;

	(void)arg;
	MUST_OK(kern_caps_bound(&none, &child));
	MUST_OK(kern_caps_apply(&none, &child));
	MUST_OK(kern_caps_bound(&none, &child)); /* nothing left to drop: no CAP_SETPCAP needed */
	MUST(kern_caps_apply(&some, &err) < 0 && err.kind == ERR_PERMISSION);
}

static void unknown_bits(void *arg)
{
	struct kern_caps c;

	(void)arg;
	MUST_OK(kern_caps_get(&c, &child));
	c.permitted |= ~kern_caps_all();
	c.bounding |= ~kern_caps_all();
	MUST_OK(kern_caps_bound(&c, &child));
	MUST_OK(kern_caps_apply(&c, &child));
}

static void ambient_needs_inheritable(void *arg)
{
	struct kern_caps c;
	struct err err;

	(void)arg;
	MUST(!kern_caps_get(&c, &err));
	c.inheritable = 0;
	c.ambient = BIT(CAP_CHOWN);
	MUST(kern_caps_apply(&c, &err) < 0 && strstr(err.msg, "CAP_CHOWN"));
}

static void no_new_privs(void *arg)
{
	(void)arg;
	MUST_OK(kern_no_new_privs(&child));
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void sets(void)
{
	CU_ASSERT_EQUAL(in_child(drop_to_two, NULL), 0);
	CU_ASSERT_EQUAL(in_child(cannot_get_back, NULL), 0);
	CU_ASSERT_EQUAL(in_child(unknown_bits, NULL), 0);
	CU_ASSERT_EQUAL(in_child(ambient_needs_inheritable, NULL), 0);
	CU_ASSERT_EQUAL(in_child(no_new_privs, NULL), 0);
}

const struct test caps_tests[] = {
	{ "names and numbers", names },
	{ "all that this kernel has", all },
	{ "what is dropped stays dropped, over setuid too", sets },
	{ NULL, NULL },
};
