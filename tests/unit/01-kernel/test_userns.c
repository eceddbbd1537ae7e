/*
 * test_userns.c - id maps of user namespaces (userns.h).
 */
#include "suite.h"

#include <fcntl.h>
#include <sys/prctl.h>

#include "01-kernel/userns.h"

static struct kern_id_range two[] = { { 0, 100000, 10 }, { 10, 5, 1 } }, one[] = { { 0, 7, 3 } };
static const struct kern_id_maps maps = { { two, 2 }, { one, 1 } };

static void outside(void)
{
	uint32_t id = 0;

	CU_ASSERT(kern_id_map_outside(&maps.uid, 9, &id));
	CU_ASSERT_EQUAL(id, 100009);
	CU_ASSERT(kern_id_map_outside(&maps.uid, 10, &id));
	CU_ASSERT_EQUAL(id, 5);
	CU_ASSERT(!kern_id_map_outside(&maps.uid, 11, &id));
	CU_ASSERT(!kern_id_map_outside(&maps.gid, UINT32_MAX, &id));
}

static void made_and_read_back(void)
{
	struct kern_id_maps got;
	struct err err;
	AUTO_CLOSE int fd = kern_userns_make(&maps, &err);

	if (fd < 0)
		GIVE_UP();
	CU_ASSERT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	OK(kern_userns_read(fd, &got, &err));
	CU_ASSERT(kern_id_map_equal(&got.uid, &maps.uid));
	CU_ASSERT(kern_id_map_equal(&got.gid, &maps.gid));
	CU_ASSERT(!kern_id_map_equal(&got.uid, &got.gid));
	kern_id_maps_free(&got);
	CU_ASSERT_PTR_NULL(got.uid.v);
}

static void refused(void)
{
	struct kern_id_range overlap[] = { { 0, 1, 5 }, { 3, 100, 5 } };
	const struct kern_id_maps bad = { { overlap, 2 }, { one, 1 } };
	struct kern_id_maps got;
	AUTO_CLOSE int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct err err;

	FAILS(kern_userns_make(&bad, &err) < 0, ERR_SYSTEM, "map the user ids");
	FAILS(kern_userns_read(net, &got, &err), ERR_SYSTEM, "join the user namespace");
}

/* An unprivileged user maps himself; for more he needs newuidmap, and a grant. */
static void unprivileged(void *arg)
{
	struct kern_id_range uid = { 0, 65534, 1 }, more[] = { { 0, 65534, 1 }, { 1, 100000, 5 } };
	const struct kern_id_maps own = { { &uid, 1 }, { &uid, 1 } }, others = { { more, 2 }, { &uid, 1 } };
	struct err err = { .msg = "" };
	int fd;

	(void)arg;
	MUST(kern_userns_initial());
	MUST(!setresgid(65534, 65534, 65534) && !setresuid(65534, 65534, 65534));
	prctl(PR_SET_DUMPABLE, 1); /* as a program started by that user is */
	fd = kern_userns_make(&own, &err);
	if (fd < 0 && err.kind == ERR_PERMISSION && strstr(err.msg, "clone"))
		_exit(77); /* not allowed at all here */
	MUST(fd >= 0);
	MUST(kern_userns_make(&others, &err) < 0 && strstr(err.msg, "newuidmap: "));
}

static void unprivileged_maps(void)
{
	int status = in_child(unprivileged, NULL);

	if (status == 77)
		SKIP("unprivileged users may not make user namespaces here");
	CU_ASSERT_EQUAL(status, 0);
}

const struct test userns_tests[] = {
	{ "which id outside", outside },
	{ "made and read back", made_and_read_back },
	{ "what the kernel refuses", refused },
	{ "without privileges", unprivileged_maps },
	{ NULL, NULL },
};
