/*
 * floor_cgroup.c - see floor.h. On version 1 the group is a directory in each hierarchy and the
 * device rules are lines in a file; on version 2 it is one directory, and the rules are a program.
 */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* docker run -m 512m --cpus 1 --pids-limit 100 */
static const struct { const char *hierarchy, *file, *value; } limits[] = {
	{ "memory", "memory.limit_in_bytes", "536870912" },
	{ "memory", "memory.memsw.limit_in_bytes", "1073741824" },
	{ "cpu", "cpu.cfs_period_us", "100000" },
	{ "cpu", "cpu.cfs_quota_us", "100000" },
	{ "pids", "pids.max", "100" },
	{ "devices", "devices.deny", "a" },
	{ "devices", "devices.allow", "c *:* m" },
	{ "devices", "devices.allow", "b *:* m" },
	{ "devices", "devices.allow", "c 1:3 rwm" }, /* null */
	{ "devices", "devices.allow", "c 1:5 rwm" }, /* zero */
	{ "devices", "devices.allow", "c 1:7 rwm" }, /* full */
	{ "devices", "devices.allow", "c 1:8 rwm" }, /* random */
	{ "devices", "devices.allow", "c 1:9 rwm" }, /* urandom */
	{ "devices", "devices.allow", "c 5:0 rwm" }, /* tty */
	{ "devices", "devices.allow", "c 5:1 rwm" }, /* console */
	{ "devices", "devices.allow", "c 5:2 rwm" }, /* ptmx */
	{ "devices", "devices.allow", "c 136:* rwm" }, /* pts */
	{ ".", "memory.max", "536870912" },
	{ ".", "memory.swap.max", "536870912" },
	{ ".", "cpu.max", "100000 100000" },
	{ ".", "pids.max", "100" },
};

bool cgroup_is_v2(const char *hierarchy)
{
	return !strcmp(hierarchy, ".") || !strcmp(hierarchy, "unified");
}

bool cgroup_only_v2(const struct cgroup *cg)
{
	return cg->n == 1 && !strcmp(cg->hierarchy[0], ".");
}

struct path cgroup_path(const struct cgroup *cg, const char *hierarchy)
{
	return path_of("/sys/fs/cgroup/%s%s", hierarchy, cg->group);
}

void cgroup_parse(struct cgroup *cg, const char *group, char *hierarchies)
{
	const int most = COUNT(cg->hierarchy);
	char *save = NULL;

	cg->group = group;
	for (char *h = strtok_r(hierarchies, ":", &save); h && cg->n < most;
	     h = strtok_r(NULL, ":", &save))
		cg->hierarchy[cg->n++] = h;
}

static void write_in(const struct cgroup *cg, const char *hierarchy, const char *file,
		     const char *value)
{
	write_file(path_of("%s/%s", cgroup_path(cg, hierarchy).text, file).text, value);
}

/* A new cpuset has no processors and takes no process; what its parent has, it may have. */
static void inherit_cpuset(const struct cgroup *cg, const char *file)
{
	struct path parent = path_of("%s/../%s", cgroup_path(cg, "cpuset").text, file);
	int fd = open(parent.text, O_RDONLY | O_CLOEXEC);
	char value[256];
	ssize_t n = fd < 0 ? -1 : read(fd, value, sizeof value - 1);

	if (n < 0)
		die(parent.text);
	close(fd);
	value[n] = '\0';
	write_in(cg, "cpuset", file, value);
}

void cgroup_make(const struct cgroup *cg)
{
	for (int i = 0; i < cg->n; i++) {
		struct path dir = cgroup_path(cg, cg->hierarchy[i]);

		if (mkdir(dir.text, 0755) && errno != EEXIST)
			die(dir.text);
		if (!strcmp(cg->hierarchy[i], "cpuset")) {
			inherit_cpuset(cg, "cpuset.cpus");
			inherit_cpuset(cg, "cpuset.mems");
		}
	}
}

/* The device rules of the table above as a program that the kernel runs when a process of the
 * group opens or makes a device node: its answer is R0, its question the struct that R1 points to.
 * One instruction a line; a jump says how many it skips. */
#define LOAD(dst, field) { BPF_LDX | BPF_MEM | BPF_W, dst, 1, offsetof(struct bpf_cgroup_dev_ctx, field), 0 }
#define COPY(dst, src)   { BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0 }
#define SET(op, dst, n)  { BPF_ALU | (op) | BPF_K, dst, 0, 0, n }
#define IF(reg, op, n, skip) { BPF_JMP32 | (op) | BPF_K, reg, 0, skip, n }
#define RETURN           { BPF_JMP | BPF_EXIT, 0, 0, 0, 0 }
enum { R0, R1, TYPE, ACCESS, MAJOR, MINOR };

static const struct bpf_insn device_program[] = {
	LOAD(TYPE, access_type),
	COPY(ACCESS, TYPE),
	SET(BPF_AND, TYPE, 0xffff),
	SET(BPF_RSH, ACCESS, 16),
	LOAD(MAJOR, major),
	LOAD(MINOR, minor),
	IF(ACCESS, BPF_JEQ, BPF_DEVCG_ACC_MKNOD, 12), /* to make a node: yes */
	IF(TYPE, BPF_JNE, BPF_DEVCG_DEV_CHAR, 9),     /* a disk: no */
	IF(MAJOR, BPF_JEQ, 136, 10),                  /* a terminal: yes */
	IF(MAJOR, BPF_JNE, 5, 1),
	IF(MINOR, BPF_JLE, 2, 8),                     /* tty, console, ptmx: yes */
	IF(MAJOR, BPF_JNE, 1, 5),                     /* no */
	IF(MINOR, BPF_JEQ, 3, 6),                     /* null ... */
	IF(MINOR, BPF_JEQ, 5, 5),
	IF(MINOR, BPF_JEQ, 7, 4),
	IF(MINOR, BPF_JEQ, 8, 3),
	IF(MINOR, BPF_JEQ, 9, 2),                     /* ... to urandom: yes */
	SET(BPF_MOV, R0, 0),
	RETURN,
	SET(BPF_MOV, R0, 1),
	RETURN,
};

static void attach_devices(int group)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)device_program,
		.insn_cnt = COUNT(device_program),
		.license = (uintptr_t)"MIT",
	}, attach = {
		.target_fd = (uint32_t)group,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};
	long program = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);

	attach.attach_bpf_fd = (uint32_t)program;
	if (program < 0 || syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach))
		die("attach the device program");
	close((int)program);
}

/* What a machine's groups cannot limit is left out, here as in config.json. */
static void set_limit(const struct cgroup *cg, const char *hierarchy, const char *file,
		      const char *value)
{
	struct path path = path_of("%s/%s", cgroup_path(cg, hierarchy).text, file);
	int fd = open(path.text, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path.text);
	close(fd);
}

void cgroup_limit(const struct cgroup *cg)
{
	bool v2 = cgroup_only_v2(cg);
	int group;

	for (size_t i = 0; i < COUNT(limits); i++)
		if (cgroup_is_v2(limits[i].hierarchy) == v2)
			set_limit(cg, limits[i].hierarchy, limits[i].file, limits[i].value);
	if (v2) {
		group = cgroup_open_v2(cg);
		attach_devices(group);
		close(group);
	}
}

int cgroup_open_v2(const struct cgroup *cg)
{
	for (int i = 0; i < cg->n; i++) {
		struct path dir = cgroup_path(cg, cg->hierarchy[i]);
		int fd;

		if (!cgroup_is_v2(cg->hierarchy[i]))
			continue;
		fd = open(dir.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			die(dir.text);
		return fd;
	}
	return -1;
}

/* One thread moves itself ("tasks"): to move a process, the kernel would stop every fork. */
void cgroup_join_v1(const struct cgroup *cg)
{
	for (int i = 0; i < cg->n; i++)
		if (!cgroup_is_v2(cg->hierarchy[i]))
			write_in(cg, cg->hierarchy[i], "tasks", "0");
}

/* A process that has just been waited for may still be on its way out: then EBUSY. */
void cgroup_remove(const struct cgroup *cg)
{
	for (int i = 0; i < cg->n; i++) {
		struct path dir = cgroup_path(cg, cg->hierarchy[i]);

		while (rmdir(dir.text)) {
			if (errno != EBUSY)
				die(dir.text);
			usleep(100);
		}
	}
}
