/*
 * bundle.c - the helpers of suite.h.
 */
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "01-kernel/cgroup.h"

char id[64];

const char *new_id(void)
{
	static unsigned serial;

	snprintf(id, sizeof id, "unit%d-%u", (int)getpid(), ++serial);
	return id;
}

static char *read_all(int fd)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err err;

	lseek(fd, 0, SEEK_SET);
	if (file_read_fd(fd, &sb, 1 << 24, &err))
		fprintf(stderr, "%s\n", err.msg);
	return strbuf_steal(&sb);
}

struct result run_program(char *const *argv)
{
	static struct result kept[8];
	static unsigned serial;
	struct result *r = &kept[serial++ % 8];
	AUTO_CLOSE int out = memfd_create("out", 0), err = memfd_create("err", 0);
	int status;
	pid_t pid;

	free(r->out);
	free(r->err);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		dup2(null, 0);
		dup2(out, 1);
		dup2(err, 2);
		close(null);
		close(out);
		close(err);
		execvp(argv[0], argv);
		fprintf(stderr, "%s: %s", argv[0], strerror(errno));
		_exit(127);
	}
	waitpid(pid, &status, 0);
	r->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	r->out = read_all(out);
	r->err = read_all(err);
	return *r;
}

struct result runc(const char *first, ...)
{
	AUTO_STRLIST struct strlist args = STRLIST_INIT;
	va_list ap;

	strlist_add(&args, runc_path);
	strlist_add(&args, "--root");
	strlist_addf(&args, "%s/runc", test_dir);
	va_start(ap, first);
	for (const char *a = first; a; a = va_arg(ap, const char *))
		strlist_add(&args, a);
	va_end(ap);
	return run_program(args.v);
}

static void straighten_quotes(char *json)
{
	while ((json = strchr(json, '\'')))
		*json = '"';
}

const char *json_file(const char *name, const char *json)
{
	static char path[128];
	AUTO_FREE char *text = xstrdup(json);

	straighten_quotes(text);
	write_file(test_dir, name, text);
	snprintf(path, sizeof path, "%s/%s", test_dir, name);
	return path;
}

static json_t *parse(const char *fmt, va_list ap)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	json_error_t je;
	json_t *v;

	strbuf_vaddf(&sb, fmt, ap);
	straighten_quotes(sb.data);
	v = json_loads(sb.data, JSON_DECODE_ANY, &je);
	if (!v) {
		fprintf(stderr, "the test's own JSON: %s: %s\n", sb.data, je.text);
		exit(2);
	}
	return v;
}

void set(json_t *config, const char *path, const char *value, ...)
{
	AUTO_FREE char *parent = xstrdup(path);
	char *dot = strrchr(parent, '.');
	json_t *obj = config;
	va_list ap;

	if (dot) {
		*dot = '\0';
		obj = jsonx_at(config, parent);
		if (!obj) { /* one missing level is made */
			set(config, parent, "{}");
			obj = jsonx_at(config, parent);
		}
	}
	va_start(ap, value);
	json_object_set_new(obj, dot ? dot + 1 : path, parse(value, ap));
	va_end(ap);
}

void append(json_t *config, const char *path, const char *value, ...)
{
	json_t *array = jsonx_at(config, path);
	va_list ap;

	if (!array) {
		set(config, path, "[]");
		array = jsonx_at(config, path);
	}
	va_start(ap, value);
	json_array_append_new(array, parse(value, ap));
	va_end(ap);
}

void script(json_t *config, const char *text)
{
	json_t *args = json_pack("[s, s, s]", "sh", "-c", text);

	json_object_set_new(json_object_get(config, "process"), "args", args);
}

json_t *spec(void)
{
	static json_t *kept;
	struct err err;

	if (!kept) {
		AUTO_FREE char *path = xasprintf("%s/config.json", test_dir);

		runc("spec", "--bundle", test_dir, NULL);
		kept = jsonx_read(AT_FDCWD, path, 1 << 20, &err);
		unlink(path);
		if (!kept) {
			fprintf(stderr, "runc spec: %s\n", err.msg);
			exit(2);
		}
		set(kept, "process.terminal", "false");
		set(kept, "process.args", "['true']");
		if (!cgroup_v2()) /* there the template has it */
			append(kept, "linux.namespaces", "{'type': 'cgroup'}");
		set(kept, "root.path", "'%s/rootfs'", test_dir);
	}
	return json_deep_copy(kept);
}

const char *bundle(const json_t *config)
{
	static char dir[128];
	static unsigned serial;
	AUTO_FREE char *text = jsonx_text(config);

	snprintf(dir, sizeof dir, "%s/bundle%u", test_dir, ++serial);
	mkdir(dir, 0755);
	write_file(dir, "config.json", text);
	return dir;
}

const char *own_bundle(json_t *config, const char **root)
{
	static char path[160];
	static unsigned serial;
	AUTO_FREE char *cmd = NULL;

	snprintf(path, sizeof path, "%s/own%u", test_dir, ++serial);
	cmd = xasprintf("cp -a %s/rootfs %s", test_dir, path);
	if (system(cmd))
		exit(2);
	set(config, "root", "{'path': '%s', 'readonly': false}", path);
	*root = path;
	return bundle(config);
}

struct result run(json_t *config)
{
	AUTO_JSON json_t *owned = config;

	return runc("run", "--bundle", bundle(owned), new_id(), NULL);
}

bool start(json_t *config)
{
	AUTO_JSON json_t *owned = config;
	struct result r = runc("create", "--bundle", bundle(owned), new_id(), NULL);

	if (!r.status)
		r = runc("start", id, NULL);
	if (r.status)
		fprintf(stderr, "\ncannot start a container: %s\n", r.err);
	CU_ASSERT_EQUAL(r.status, 0);
	return !r.status;
}

void stop(void)
{
	EQ_INT(runc("delete", "--force", id, NULL).status, 0);
}

const char *status_of(void)
{
	static char text[32];
	struct result r = runc("state", id, NULL);
	AUTO_JSON json_t *doc = json_loads(r.out, 0, NULL);

	snprintf(text, sizeof text, "%s", doc ? jsonx_str(doc, "status", "") : "");
	return text;
}

bool wait_status(const char *status)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };

	for (int i = 0; i < 250; i++, nanosleep(&pause, NULL))
		if (!strcmp(status_of(), status))
			return true;
	fprintf(stderr, "\nexpected the container to be %s, it is %s\n", status, status_of());
	return false;
}

/* ---- expectations -------------------------------------------------------- */

static void verdict(bool ok, const char *what, const char *file, int line)
{
	CU_assertImplementation(ok, (unsigned)line, what, file, "", CU_FALSE);
}

void eq_str(const char *got, const char *want, const char *file, int line)
{
	bool ok = got && !strcmp(got, want);

	if (!ok)
		fprintf(stderr, "\n%s:%d: expected '%s', got '%s'\n", file, line, want,
			got ? got : "(null)");
	verdict(ok, "strings are equal", file, line);
}

void eq_int(long got, long want, const char *file, int line)
{
	if (got != want)
		fprintf(stderr, "\n%s:%d: expected %ld, got %ld\n", file, line, want, got);
	verdict(got == want, "numbers are equal", file, line);
}

void has(const char *text, const char *part, const char *file, int line)
{
	bool ok = strstr(text, part);

	if (!ok)
		fprintf(stderr, "\n%s:%d: expected '%s' in '%s'\n", file, line, part, text);
	verdict(ok, "the text has it", file, line);
}

void fails(struct result r, int want, const char *words, const char *file, int line)
{
	bool ok = r.status == want && strstr(r.err, words);

	if (!ok)
		fprintf(stderr, "\n%s:%d: expected status %d and '%s', got %d and '%s' (out '%s')\n",
			file, line, want, words, r.status, r.err, r.out);
	verdict(ok, "it fails as it should", file, line);
}

void prints(struct result r, const char *want, const char *file, int line)
{
	bool ok = !r.status && !strcmp(r.out, want);

	if (!ok)
		fprintf(stderr, "\n%s:%d: expected status 0 and '%s', got %d and '%s' (stderr "
			"'%s')\n", file, line, want, r.status, r.out, r.err);
	verdict(ok, "it prints what it should", file, line);
}

bool cgroup_v2(void)
{
	return kern_cgroup_version() == KERN_CGROUP_V2;
}

static unsigned ours;

/* Processes that are left in one of our groups end with the test, not with the
 * machine. */
static void kill_group(int at)
{
	int fd = openat(at, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	AUTO_FCLOSE FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	int pid;

	while (f && fscanf(f, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	usleep(50 * 1000);
}

bool forgive_slow_groups;

static void left_group(int parent, const char *name)
{
	bool gone = false;

	for (int i = 0; forgive_slow_groups && !gone && i < 150; i++, usleep(20 * 1000))
		gone = !unlinkat(parent, name, AT_REMOVEDIR) || errno == ENOENT;
	if (gone)
		return;
	fprintf(stderr, "\nleft behind: the group %s\n", name);
	ours++;
	if (unlinkat(parent, name, AT_REMOVEDIR)) { /* not in the next test too */
		AUTO_CLOSE int group = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		kill_group(group);
		unlinkat(parent, name, AT_REMOVEDIR);
	}
}

/* Groups named after a test's id, whatever the runtime has put around it. By their
 * directory entries alone: a stat(2) of each of the files would take far longer. */
static void look_for_groups(int at, const char *name, const char *part)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_CLOSEDIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		look_for_groups(fd, e->d_name, part);
		if (strstr(e->d_name, part))
			left_group(fd, e->d_name);
	}
}

void nothing_left(const char *file, int line)
{
	AUTO_FREE char *root = xasprintf("%s/runc", test_dir);
	AUTO_FREE char *mounts = read_file("/proc/self/mounts");
	AUTO_CLOSEDIR DIR *d = opendir(root);
	struct dirent *e;
	char part[32];

	snprintf(part, sizeof part, "unit%d-", (int)getpid());
	ours = 0;
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.') {
			fprintf(stderr, "\nleft behind: state of %s\n", e->d_name);
			ours++;
			runc("delete", "--force", e->d_name, NULL); /* not in the next test too */
		}
	look_for_groups(AT_FDCWD, "/sys/fs/cgroup", part);
	if (strstr(mounts, test_dir)) {
		fprintf(stderr, "\nleft behind: a mount: %s\n", strstr(mounts, test_dir));
		ours++;
	}
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD) {
		fprintf(stderr, "\nleft behind: a process\n");
		ours++;
	}
	verdict(!ours, "nothing is left behind", file, line);
}

pid_t exchange_for_ever(const char *dir, const char *a, const char *b)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	if (chdir(dir))
		_exit(1);
	for (;;)
		renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void write_file(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);
	AUTO_FCLOSE FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0) {
		perror(path);
		exit(2);
	}
}

char *read_file(const char *path)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err err;

	if (file_read(AT_FDCWD, path, &sb, 1 << 24, &err))
		strbuf_clear(&sb);
	return strbuf_steal(&sb);
}
