/*
 * test_devices.c - device rules do what they say, on both versions.
 */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "01-kernel/cgroup.h"
#include "01-kernel/cgroup_private.h"
#include "cgroup_suite.h"

/* The rules that runtimes begin with, and some of Docker's. */
static const struct kern_cgroup_device rules[] = {
	{ false, 'a', -1, -1, "rwm" }, { true, 'c', -1, -1, "m" }, { true, 'c', 1, 3, "rwm" },
	{ true, 'c', 1, 5, "r" },      { true, 'c', 1, 9, "r" },   { true, 'c', 1, 9, "w" },
};
#define N_RULES (sizeof rules / sizeof rules[0])

static void expect_open(const char *path, int flags, bool allowed)
{
	int fd = open(path, flags | O_CLOEXEC);

	if ((fd >= 0) != allowed || (fd < 0 && errno != EPERM && allowed))
		fprintf(stderr, "\n%s with flags %d: expected %d, got %d (%m)\n", path, flags, allowed,
			fd >= 0);
	MUST((fd >= 0) == allowed);
}

static void try_devices(void *arg)
{
	AUTO_FREE char *null = xasprintf("%s/null", scratch_root);
	AUTO_FREE char *disk = xasprintf("%s/disk", scratch_root);

	MUST_OK(kern_cgroup_add(arg, 0, &child));
	expect_open("/dev/null", O_RDWR, true);
	expect_open("/dev/zero", O_RDONLY, true);
	expect_open("/dev/zero", O_RDWR, false);
	expect_open("/dev/urandom", O_RDWR, true); /* by two rules together */
	expect_open("/dev/full", O_RDONLY, false);
	MUST(!mknod(null, S_IFCHR | 0600, makedev(1, 3)) && !unlink(null));
	MUST(mknod(disk, S_IFBLK | 0600, makedev(8, 0)) < 0 && errno == EPERM);
}

static void device_rules(void)
{
	struct err err;
	struct kern_cgroup *cg = make_group("devices", &err);

	if (!cg)
		SKIP("%s", err.msg);
	if (kern_cgroup_devices(cg, rules, N_RULES, &err)) {
		kern_cgroup_free(cg);
		drop_groups();
		if (err.kind == ERR_UNSUPPORTED || err.errnum == EINVAL || err.errnum == EPERM)
			SKIP("%s", err.msg);
		GIVE_UP();
	}
	CU_ASSERT_EQUAL(in_child(try_devices, cg), 0);
	OK(kern_cgroup_devices(cg, rules, N_RULES, &err)); /* again replaces */
	CU_ASSERT_EQUAL(in_child(try_devices, cg), 0);
	kern_cgroup_free(cg);
	drop_groups();
}

static void try_bpf(void *arg)
{
	MUST_OK(cgroup_write(arg, "cgroup.procs", "0", &child));
	expect_open("/dev/null", O_RDWR, true);
	expect_open("/dev/zero", O_RDWR, false);
	expect_open("/dev/full", O_RDONLY, false);
}

static void try_order(void *arg)
{
	MUST_OK(cgroup_write(arg, "cgroup.procs", "0", &child));
	expect_open("/dev/null", O_RDONLY, true);
	expect_open("/dev/null", O_RDWR, false);
	expect_open("/dev/zero", O_RDWR, true);
	expect_open("/dev/full", O_RDONLY, false);
}

/* The program works on any cgroup2, the controllerless one of a hybrid machine
 * too: so it is tried there as well, together with what v1 cannot say. */
static void device_program(void)
{
	static const struct kern_cgroup_device order[] = {
		{ true, 'a', -1, -1, "rwm" }, { false, 'c', 1, 3, "w" }, { false, 'c', 1, 7, "rwm" },
	};
	static const struct kern_cgroup_device everything[] = { { true, 'a', -1, -1, "rwm" } };
	struct err err;
	struct kern_cgroup *cg = make_group("program", &err);
	const char *dir = cg ? cgroup_v2_dir(cg) : NULL;

	if (!dir) {
		kern_cgroup_free(cg);
		drop_groups();
		SKIP("no cgroup2 is mounted");
	}
	if (cgroup_bpf_devices(dir, false, rules, N_RULES, &err)) {
		kern_cgroup_free(cg);
		drop_groups();
		SKIP("%s", err.msg);
	}
	CU_ASSERT_EQUAL(in_child(try_bpf, (void *)dir), 0);
	OK(cgroup_bpf_devices(dir, false, order, 3, &err));
	CU_ASSERT_EQUAL(in_child(try_order, (void *)dir), 0);
	OK(cgroup_bpf_devices(dir, false, everything, 1, &err));
	kern_cgroup_free(cg);
	drop_groups();
}

static void v1_order(void)
{
	static const struct kern_cgroup_device narrowed[] = {
		{ false, 'a', -1, -1, "rwm" }, { true, 'c', 1, -1, "rwm" }, { false, 'c', 1, 7, "rwm" },
	}, widened[] = {
		{ true, 'a', -1, -1, "rwm" }, { false, 'c', 1, -1, "rw" }, { true, 'c', 1, 3, "r" },
	}, apart[] = {
		{ false, 'a', -1, -1, "rwm" }, { true, 'c', -1, -1, "m" }, { false, 'c', 1, 7, "rw" },
	};
	struct err err;
	struct kern_cgroup *cg;

	if (kern_cgroup_version() == KERN_CGROUP_V2)
		SKIP("this is about version 1");
	cg = make_group("order", &err);
	if (!cg)
		SKIP("%s", err.msg);
	FAILS(kern_cgroup_devices(cg, narrowed, 3, &err), ERR_UNSUPPORTED, "cannot punch hole");
	FAILS(kern_cgroup_devices(cg, widened, 3, &err), ERR_UNSUPPORTED, "cannot punch hole");
	OK(kern_cgroup_devices(cg, apart, 3, &err)); /* other kinds of access: no hole */
	kern_cgroup_free(cg);
	drop_groups();
}

/* What the kernel then has is the shortest list that says the same. */
static void v1_list(void)
{
	static const struct kern_cgroup_device repeated[] = {
		{ true, 'c', 9, 9, "rwm" }, { false, 'a', -1, -1, "rwm" }, { false, 'c', 1, 11, "rw" },
		{ true, 'c', 1, 3, "rwm" }, { true, 'b', -1, -1, "m" }, { true, 'c', 1, 3, "r" },
		{ true, 'c', 1, 5, "r" },
	};
	struct err err;
	struct kern_cgroup *cg;

	if (kern_cgroup_version() == KERN_CGROUP_V2)
		SKIP("this is about version 1");
	cg = make_group("list", &err);
	if (!cg || !cgroup_dir_of(cg, "devices")) {
		kern_cgroup_free(cg);
		drop_groups();
		SKIP("there is no devices controller");
	}
	OK(kern_cgroup_devices(cg, repeated, sizeof repeated / sizeof *repeated, &err));
	CU_ASSERT(file_is(cgroup_dir_of(cg, "devices"), "devices.list",
			  "c 1:3 rwm\nb *:* m\nc 1:5 r\n"));
	kern_cgroup_free(cg);
	drop_groups();
}

const struct test device_tests[] = {
	{ "device rules", device_rules },
	{ "device rules as a program; the last match wins", device_program },
	{ "what version 1 cannot say is refused", v1_order },
	{ "rules that say nothing new are left out", v1_list },
	{ NULL, NULL },
};
