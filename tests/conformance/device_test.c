/*
 * device_test.c - "Devices" and "Default Devices" in config-linux.md, "Dev
 * symbolic links" in runtime-linux.md, "Allowed Device list" in config-linux.md.
 */
#include "conform.h"

#include <sys/stat.h>

PROVES(configured_devices,
	{ "config-linux.md#devices", MUST, "Each device that is listed is in the container: with its `path`, wherever that is." },
	{ "config-linux.md#devices", MUST, "It has the `type` that is given, `c`, `u`, `b` or `p`." },
	{ "config-linux.md#devices", MUST, "It has the `major` and `minor` number." },
	{ "config-linux.md#devices", MUST, "It has the `fileMode`." },
	{ "config-linux.md#devices", MUST, "It belongs to `uid` and `gid`." });
static void configured_devices(void)
{
	json_t *config = shell("cd /dev; stat -c '%F %t:%T %a %u:%g' char unbuffered block fifo /tmp/far/away");

	set(config, "linux.devices", "[{'path': '/dev/char', 'type': 'c', 'major': 10, 'minor': 229, "
	    "'fileMode': 432, 'uid': 7, 'gid': 8}, "
	    "{'path': '/dev/unbuffered', 'type': 'u', 'major': 10, 'minor': 200, 'fileMode': 384, 'uid': 0, 'gid': 0}, "
	    "{'path': '/dev/block', 'type': 'b', 'major': 7, 'minor': 77, 'fileMode': 416, 'uid': 0, 'gid': 6}, "
	    "{'path': '/dev/fifo', 'type': 'p', 'fileMode': 448, 'uid': 9, 'gid': 9}, "
	    "{'path': '/tmp/far/away', 'type': 'c', 'major': 1, 'minor': 3, 'fileMode': 438, 'uid': 1, 'gid': 1}]");
	SAYS(config, "character special file a:e5 660 7:8\ncharacter special file a:c8 600 0:0\n"
	     "block special file 7:4d 640 0:6\nfifo 0:0 700 9:9\ncharacter special file 1:3 666 1:1\n");
}

PROVES(device_that_is_there,
	{ "config-linux.md#devices", MUST, "When something else stands at the path already, that is an error." });
static void device_that_is_there(void)
{
	json_t *config = sleeper();

	set(config, "linux.devices", "[{'path': '/etc/plain', 'type': 'c', 'major': 10, 'minor': 229}]");
	REFUSED(config);
}

PROVES(device_properties,
	{ "config-linux.md#devices", MUST, "`path` is required." },
	{ "config-linux.md#devices", MUST, "`type` is required, and is one of the four." });
static void device_properties(void)
{
	static const char *const wrong[] = {
		"{'type': 'c', 'major': 10, 'minor': 229}",
		"{'path': '/dev/x', 'major': 10, 'minor': 229}",
		"{'path': '/dev/x', 'type': 'd', 'major': 10, 'minor': 229}",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		set(config, "linux.devices", "[%s]", wrong[i]);
		REFUSED(config);
	}
}

PROVES(device_numbers,
	{ "config-linux.md#devices", MUST, "`major` and `minor` are required but for `p`." });
static void device_numbers(void)
{
	json_t *config = sleeper();

	set(config, "linux.devices", "[{'path': '/dev/x', 'type': 'c'}]");
	REFUSED(config);
}

PROVES(default_devices,
	{ "config-linux.md#default-devices", MUST, "/dev/null is there." },
	{ "config-linux.md#default-devices", MUST, "/dev/zero is there." },
	{ "config-linux.md#default-devices", MUST, "/dev/full is there." },
	{ "config-linux.md#default-devices", MUST, "/dev/random is there." },
	{ "config-linux.md#default-devices", MUST, "/dev/urandom is there." },
	{ "config-linux.md#default-devices", MUST, "/dev/tty is there." });
static void default_devices(void)
{
	json_t *config = shell("cd /dev; stat -c '%n %F %t:%T %a' null zero full random urandom tty; "
			       "echo x >null; head -c 1 zero | wc -c; echo x 2>/dev/null >full || echo full; "
			       "head -c 3 random | wc -c; head -c 3 urandom | wc -c");

	SAYS(config, "null character special file 1:3 666\nzero character special file 1:5 666\n"
	     "full character special file 1:7 666\nrandom character special file 1:8 666\n"
	     "urandom character special file 1:9 666\ntty character special file 5:0 666\n1\nfull\n3\n3\n");
}

PROVES(ptmx,
	{ "config-linux.md#default-devices", MUST, "/dev/ptmx is that of the container's own devpts." });
static void ptmx(void)
{
	SAYS(shell("test /dev/ptmx -ef /dev/pts/ptmx && echo own"), "own\n");
}

PROVES(symbolic_links,
	{ "runtime-linux.md#dev-symbolic-links", MUST, "/dev/fd leads to /proc/self/fd." },
	{ "runtime-linux.md#dev-symbolic-links", MUST, "/dev/stdin leads to /proc/self/fd/0." },
	{ "runtime-linux.md#dev-symbolic-links", MUST, "/dev/stdout leads to /proc/self/fd/1." },
	{ "runtime-linux.md#dev-symbolic-links", MUST, "/dev/stderr leads to /proc/self/fd/2." });
static void symbolic_links(void)
{
	SAYS(shell("cd /dev; readlink fd stdin stdout stderr || for l in fd stdin stdout stderr; do readlink $l; done"),
	     "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n");
}

/* plain(), with two nodes of a driver that does not exist. Where the rules allow
 * it, opening one fails because of that (ENXIO), otherwise for want of permission. */
static json_t *with_nodes(const char *rules, const char *text)
{
	json_t *config = shell(text);

	set(config, "linux.devices", "[{'path': '/dev/c', 'type': 'c', 'major': 240, 'minor': 7, 'fileMode': 438}, "
	    "{'path': '/dev/b', 'type': 'b', 'major': 240, 'minor': 7, 'fileMode': 438}]");
	set(config, "linux.resources.devices", "%s", rules);
	return config;
}

static void allowed(const char *rules, const char *want)
{
	json_t *config = with_nodes(rules,
		"cd /dev; (: <c) 2>&1 | grep -q 'not permitted' || echo c read; "
		"(: >c) 2>&1 | grep -q 'not permitted' || echo c write; "
		"(: <b) 2>&1 | grep -q 'not permitted' || echo b read; true");

	SAYS(config, want);
}

PROVES(allowed_devices,
	{ "config-linux.md#allowed-device-list", MUST, "`allow` says of each entry whether it allows or denies." },
	{ "config-linux.md#allowed-device-list", MUST, "Entries are applied in the order in which they are listed: the later one counts." },
	{ "config-linux.md#allowed-device-list", MUST, "`type` is `c` or `b`; without it, or with `a`, an entry is about all devices." },
	{ "config-linux.md#allowed-device-list", MUST, "Without `major` or `minor` it is about all numbers." },
	{ "config-linux.md#allowed-device-list", MUST, "`access` has the letters `r` and `w` for reading and writing." });
static void allowed_devices(void)
{
#define NONE "{'allow': false, 'access': 'rwm'}"
#define ALL "{'allow': true, 'access': 'rwm'}"
	allowed("[" ALL ", " NONE "]", "");
	allowed("[" NONE ", " ALL "]", "c read\nc write\nb read\n");
	allowed("[" NONE ", {'allow': true, 'type': 'c', 'major': 240, 'minor': 7, 'access': 'r'}]", "c read\n");
	allowed("[" NONE ", {'allow': true, 'type': 'b', 'access': 'rw'}]", "b read\n");
	allowed("[" NONE ", {'allow': true, 'type': 'c', 'major': 240, 'access': 'w'}]", "c write\n");
	allowed("[" NONE ", {'allow': true, 'type': 'c', 'minor': 7, 'access': 'rw'}]", "c read\nc write\n");
	allowed("[" NONE ", {'allow': true, 'type': 'c', 'major': 240, 'minor': 7, 'access': 'rw'}, "
		"{'allow': false, 'type': 'c', 'major': 240, 'minor': 7, 'access': 'w'}]", "c read\n");
	allowed("[{'allow': false, 'type': 'a', 'access': 'rwm'}]", "");
}

#define NODES_MADE "making a node is always allowed, opening it is not"

PROVES(making_nodes,
	{ "config-linux.md#allowed-device-list", MUST, "`access` has the letter `m` for making a node." });
static void making_nodes(void)
{
	json_t *config = with_nodes("[" NONE "]", "mknod /tmp/n c 240 8 2>/dev/null && echo made; true");
	static const char *const sets[] = { "bounding", "effective", "permitted" };

	for (size_t i = 0; i < 3; i++) {
		AUTO_FREE char *path = xasprintf("process.capabilities.%s", sets[i]);

		append(config, path, "'CAP_MKNOD'");
	}
	SAYS(config, under_test == OURS ? "made\n" : "");
}

PROVES(wrong_device_rules,
	{ "config-linux.md#allowed-device-list", MUST, "A `type` or an `access` of other letters is an error." });
static void wrong_device_rules(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.devices", "[{'allow': true, 'type': 'z', 'access': 'rwm'}]");
	REFUSED(config);
	config = sleeper();
	set(config, "linux.resources.devices", "[{'allow': true, 'type': 'c', 'major': 1, 'minor': 3, 'access': 'xyz'}]");
	REFUSED(config);
}

const struct test device_rules[] = {
	TEST(configured_devices),
	TEST(device_that_is_there, RUNC_DIFFERS = "the device is left out without a word",
	     CRUN_DIFFERS = "the device is left out without a word"),
	TEST(device_properties, RUNC_DIFFERS = "an empty path is accepted",
	     CRUN_DIFFERS = "an empty path is accepted"),
	TEST(device_numbers, RUNC_DIFFERS = "absent numbers count as 0",
	     CRUN_DIFFERS = "absent numbers count as 0"),
	TEST(default_devices),
	TEST(ptmx),
	TEST(symbolic_links),
	TEST(allowed_devices),
	TEST(making_nodes, OURS_DIFFERS = NODES_MADE ", as with runc", RUNC_DIFFERS = NODES_MADE,
	     CRUN_DIFFERS = NODES_MADE),
	TEST(wrong_device_rules, RUNC_DIFFERS = "letters of no meaning are accepted"),
	{ NULL },
};
