/*
 * containerd-shim - the parent of one container; see shim.h for the model.
 *
 *     containerd-shim --bundle DIRECTORY
 *
 * The bundle holds options.json, which containerd wrote:
 *
 *     {"id","namespace","runtime":{"binary","root","args"},"terminal","stdin","stdinOnce",
 *      "log":{"driver","path",… as tasks_log.c has it},"consoleSize":[rows,cols],
 *      "mounts":[{"type","source","options"}],"files":[{"path","link"}],
 *      "shared":[{"source","recursive"}],"openFiles",
 *      "checkpoint":{"path",…}}
 *
 * The program forks: the parent ends when the child is ready, having written one line
 * to standard output, {} or {"error":…}. The child is a session of its own, belongs to
 * whoever adopts orphans, and goes on when containerd is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "shim.h"
#include "shim_sink.h"
#include "version.h"
#include "wire.h"

#define LEAVE_MS 5000

void shim_leave_if_idle(struct shim *s)
{
	if (!s->leaving || !shim_control_finish(s))
		return;
	for (struct shim_proc *p = s->procs; p; p = p->next)
		if (p->io.clients || !shim_io_logged(&p->io))
			return;
	s->loop.stop = true;
}

/* Whoever asked has not read the answers, or a syslog server its messages: that was long enough. */
static void leave_control(void *owner)
{
	struct shim *s = owner;

	shim_control_close(s);
	if (s->log.remote)
		shim_sink_abandon(s->log.remote);
	shim_leave_if_idle(s);
}

/* Clients are given their time, each its own (shim_attach.c). */
void shim_leave(struct shim *s)
{
	s->leaving = true;
	shim_timer_set(&s->loop, &s->leave, LEAVE_MS, leave_control, s);
	for (struct shim_proc *p = s->procs; p; p = p->next)
		shim_attach_update(&p->io);
	shim_leave_if_idle(s);
}

/* --- setting up ------------------------------------------------------------------------- */

static int read_options(struct shim *s, struct err *err)
{
	s->options = jsonx_read(AT_FDCWD, "options.json", 1 << 20, err);
	if (!s->options)
		return -1;
	s->id = jsonx_str(s->options, "id", NULL);
	s->runtime.binary = json_string_value(jsonx_at(s->options, "runtime.binary"));
	s->runtime.root = json_string_value(jsonx_at(s->options, "runtime.root"));
	s->runtime.args = jsonx_at(s->options, "runtime.args");
	s->bundle = getcwd(NULL, 0);
	if (!s->id || !s->runtime.binary || !s->runtime.root || !s->bundle)
		return err_set(err, ERR_INVALID, "options.json: id or runtime is missing");
	return 0;
}

/* Init's streams exist from the start, so a client can attach before there is any. */
static int open_init(struct shim *s, struct err *err)
{
	struct shim_proc *p = shim_proc_new(s, NULL);
	json_t *size = json_object_get(s->options, "consoleSize");

	p->io.terminal = jsonx_bool(s->options, "terminal", false);
	p->io.stdin_once = jsonx_bool(s->options, "stdinOnce", false);
	p->io.rows = (unsigned short)json_integer_value(json_array_get(size, 0));
	p->io.cols = (unsigned short)json_integer_value(json_array_get(size, 1));
	if (shim_log_start(&s->log, &p->io, json_object_get(s->options, "log"), err))
		return -1;
	return shim_attach_listen(&p->io, "attach.sock", err);
}

static void on_signal(void *owner, uint32_t events)
{
	struct shim *s = owner;
	struct signalfd_siginfo info;

	(void)events;
	(void)!read(s->signals.fd, &info, sizeof info); /* several may have become one */
	shim_reap(s);
}

/* A shim ends when its task is deleted, not when a service manager or a terminal
 * says so: containers outlive the daemons. SIGKILL remains. */
static int take_signals(struct shim *s, struct err *err)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGQUIT };
	sigset_t set;

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	shim_watch_init(&s->signals, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal, s);
	if (s->signals.fd < 0)
		return err_sys(err, "signalfd");
	shim_watch_set(&s->loop, &s->signals, EPOLLIN);
	return 0;
}

static int write_pid(struct err *err)
{
	char text[16];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());

	return file_write_atomic(AT_FDCWD, "shim.pid", text, (size_t)n, 0600, err);
}

/* containerd has raised its own. */
static void limit_open_files(const struct shim *s)
{
	rlim_t want = (rlim_t)jsonx_int(s->options, "openFiles", 0);
	struct rlimit limit;

	if (!want || getrlimit(RLIMIT_NOFILE, &limit) || want > limit.rlim_max)
		return;
	limit.rlim_cur = want;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int set_up(struct shim *s, struct err *err)
{
	umask(022);
	if (read_options(s, err))
		return -1;
	limit_open_files(s);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		return err_sys(err, "become subreaper");
	if (shim_loop_init(&s->loop, err) || take_signals(s, err) || shim_mounts_separate(s, err) ||
	    open_init(s, err) || shim_record_reserve(err) || shim_control_listen(s, err))
		return -1;
	return write_pid(err);
}

/* Standard output goes back to containerd with this line; the rest goes to shim.log. */
static int report(int failed, const struct err *err)
{
	AUTO_JSON json_t *doc = failed ? ctrd_wire_error(err) : json_object();
	AUTO_FREE char *text = jsonx_text(doc);
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	AUTO_CLOSE int log = open("shim.log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	/* A containerd that was killed meanwhile has no reader there. Its successor may have
	 * looked before we listened: nobody would ever tell us to end. */
	if (dprintf(1, "%s\n", text) < 0)
		failed = -1;
	dup2(null, 0);
	dup2(null, 1);
	dup2(log >= 0 ? log : null, 2);
	return failed;
}

static void tear_down(struct shim *s)
{
	s->leaving = false;
	shim_control_close(s);
	shim_oom_close(s);
	while (s->procs)
		shim_proc_free(s->procs);
	shim_log_close(&s->log);
	shim_watch_close(&s->loop, &s->signals);
	json_decref(s->options);
	free(s->bundle);
	free(s->cgroup);
}

static int run_shim(void)
{
	struct shim *s = xcalloc(1, sizeof *s);
	struct err err;
	int rc;

	/* Give memory back soon: there may be hundreds of us, mostly idle. */
	mallopt(M_TRIM_THRESHOLD, 32 << 10);
	mallopt(M_MMAP_THRESHOLD, 32 << 10);
	s->log.fd = s->signals.fd = s->control.fd = s->oom.watch.fd = -1;
	rc = report(set_up(s, &err), &err);
	if (!rc)
		shim_loop_run(&s->loop);
	tear_down(s);
	free(s);
	return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("containerd-shim version %s\n", DOCKYARD_VERSION);
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "--bundle")) {
		fputs("usage: containerd-shim --bundle DIRECTORY\n"
		      "Started by containerd, one for each container.\n", stderr);
		return argc == 2 && !strcmp(argv[1], "--help") ? 0 : 2;
	}
	log_setup("containerd-shim", 2, LOG_INFO, 0);
	trace_setup("shim");
	trace_keep();
	if (chdir(argv[2])) {
		fprintf(stderr, "containerd-shim: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	child = fork();
	if (child < 0) {
		fprintf(stderr, "containerd-shim: fork: %s\n", strerror(errno));
		return 1;
	}
	if (child)
		return 0;
	setsid();
	return run_shim();
}
