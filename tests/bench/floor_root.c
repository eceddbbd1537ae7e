/*
 * floor_root.c - see floor.h: the container's tree.
 *
 * Until the last step "/" is the host's and the current directory is what will be the
 * container's root. So a path that begins with a slash is the host's, one without the container's.
 */
#include "floor.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PLAIN (MS_NOSUID | MS_NOEXEC | MS_NODEV)

static void mount_on(const char *type, const char *target, unsigned long flags, const char *data)
{
	if (mount(type, target, type, flags, data))
		die(target);
}

/* A bind mount takes flags only when it is mounted again. */
static void bind_mount(const char *source, const char *target, unsigned long flags)
{
	if (mount(source, target, NULL, MS_BIND | MS_REC, NULL) ||
	    (flags && mount(NULL, target, NULL, MS_BIND | MS_REMOUNT | flags, NULL)))
		die(target);
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0755))
		die(path);
}

/* The container's groups, read-only. */
static void mount_cgroups(const struct cgroup *cg)
{
	if (cgroup_only_v2(cg)) {
		mount_on("cgroup2", "sys/fs/cgroup", PLAIN | MS_RDONLY, NULL);
		return;
	}
	mount_on("tmpfs", "sys/fs/cgroup", PLAIN, "mode=755");
	for (int i = 0; i < cg->n; i++) {
		struct path target = path_of("sys/fs/cgroup/%s", cg->hierarchy[i]);

		if (cgroup_is_v2(cg->hierarchy[i]))
			continue;
		make_dir(target.text);
		bind_mount(cgroup_path(cg, cg->hierarchy[i]).text, target.text, PLAIN | MS_RDONLY);
	}
	if (mount(NULL, "sys/fs/cgroup", NULL, MS_BIND | MS_REMOUNT | PLAIN | MS_RDONLY, NULL))
		die("sys/fs/cgroup");
}

static void bind_files(const char *directory)
{
	static const char *const files[] = { "resolv.conf", "hostname", "hosts" };

	for (size_t i = 0; i < COUNT(files); i++) {
		struct path source = path_of("%s/%s", directory, files[i]);
		struct path target = path_of("etc/%s", files[i]);

		bind_mount(source.text, target.text, 0);
		if (mount(NULL, target.text, NULL, MS_PRIVATE | MS_REC, NULL))
			die(target.text);
	}
}

static void mount_all(const struct container *c)
{
	mount_on("proc", "proc", PLAIN, NULL);
	mount_on("tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
	if (!c->docker)
		return;
	make_dir("dev/pts");
	mount_on("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
		 "newinstance,ptmxmode=0666,mode=0620,gid=5");
	mount_on("sysfs", "sys", PLAIN | MS_RDONLY, NULL);
	mount_cgroups(&c->cgroup);
	make_dir("dev/mqueue");
	mount_on("mqueue", "dev/mqueue", PLAIN, NULL);
	make_dir("dev/shm");
	mount_on("tmpfs", "dev/shm", PLAIN, "mode=1777,size=67108864");
	bind_files(c->directory);
}

static void make_devices(void)
{
	static const struct { const char *path; unsigned major, minor; } nodes[] = {
		{ "dev/null", 1, 3 }, { "dev/zero", 1, 5 }, { "dev/full", 1, 7 },
		{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
	};
	static const struct { const char *path, *to; } links[] = {
		{ "dev/fd", "/proc/self/fd" }, { "dev/stdin", "/proc/self/fd/0" },
		{ "dev/stdout", "/proc/self/fd/1" }, { "dev/stderr", "/proc/self/fd/2" },
		{ "dev/ptmx", "pts/ptmx" },
	};

	for (size_t i = 0; i < COUNT(nodes); i++)
		if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)))
			die(nodes[i].path);
	for (size_t i = 0; i < COUNT(links); i++)
		if (symlink(links[i].to, links[i].path))
			die(links[i].path);
}

/* All of them show one empty file system: the first is a mount of it, the others are binds of that. */
static void hide_directory(const char *path, const char **empty)
{
	int failed = *empty ? mount(*empty, path, NULL, MS_BIND, NULL)
			    : mount("tmpfs", path, "tmpfs", PLAIN | MS_RDONLY, "nr_inodes=1");

	if (failed && errno != ENOENT)
		die(path);
	if (!failed)
		*empty = path;
}

/* What this kernel does not have needs no cover. */
static void cover_paths(void)
{
	static const char *const read_only[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
						 "proc/sysrq-trigger" };
	static const char *const files[] = {
		"proc/interrupts", "proc/kcore", "proc/keys", "proc/latency_stats",
		"proc/timer_list", "proc/timer_stats", "proc/sched_debug",
	};
	static const char *const directories[] = { "proc/asound", "proc/acpi", "proc/scsi",
						   "sys/firmware", "sys/devices/virtual/powercap" };
	const char *empty = NULL;

	for (size_t i = 0; i < COUNT(read_only); i++)
		if (!access(read_only[i], F_OK))
			bind_mount(read_only[i], read_only[i], PLAIN | MS_RDONLY);
	for (size_t i = 0; i < COUNT(files); i++)
		if (mount("/dev/null", files[i], NULL, MS_BIND, NULL) && errno != ENOENT)
			die(files[i]);
	for (size_t i = 0; i < COUNT(directories); i++)
		hide_directory(directories[i], &empty);
}

void make_root(const struct container *c)
{
	struct path root = path_of("%s/rootfs", c->directory);

	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL))
		die("keep mounts from the host");
	bind_mount(root.text, root.text, 0);
	if (chdir(root.text))
		die(root.text);
	mount_all(c);
	make_devices();
	if (c->docker) {
		write_file("proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
		write_file("proc/sys/net/ipv4/ping_group_range", "0 2147483647");
		cover_paths();
	}
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH))
		die("change the root");
}
