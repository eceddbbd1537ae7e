/*
 * dockerd.c - the program: flags, checks, signals.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/ns.h"
#include "03-containerd/rest.h"
#include "api.h"
#include "config.h"
#include "daemon.h"
#include "reload.h"

/* --- the pid file ------------------------------------------------------------------------ */

/* Is that process a dockerd? A PID file of a dead one may name somebody else by now,
 * or itself, where its parent never asks how it ended. */
static bool is_dockerd(long pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%ld/comm", pid);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	char state = 'Z';

	return !kern_proc_start_time((pid_t)pid, NULL, &state, &ignored) && state != 'Z' &&
	       !file_read(AT_FDCWD, path, &sb, 64, &ignored) && !strcmp(sb.data, "dockerd\n");
}

static int write_pidfile(const char *path, struct err *err)
{
	AUTO_STRBUF struct strbuf old = STRBUF_INIT;
	AUTO_FREE char *dir = xstrdup(path), *text = xasprintf("%d\n", (int)getpid());
	char *slash = strrchr(dir, '/');
	struct err ignored;
	long pid;

	if (!file_read(AT_FDCWD, path, &old, 64, &ignored)) {
		pid = strtol(old.data, NULL, 10);
		if (pid > 0 && pid != getpid() && is_dockerd(pid))
			return err_set(err, ERR_CONFLICT,
				       "pid file found, ensure dockerd (process %ld) is not "
				       "running or delete %s",
				       pid, path);
	}
	if (slash && slash != dir) {
		*slash = '\0';
		if (file_mkdir_p(dir, 0755, err))
			return -1;
	}
	return file_write_atomic(AT_FDCWD, path, text, strlen(text), 0644, err);
}

struct command_line {
	int argc;
	char **argv;
};

/* --- running -------------------------------------------------------------------------------- */

/* Blocked in every thread: sigtimedwait below takes them. */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void reload(struct daemon *d, const struct command_line *line)
{
	struct err err;

	if (dockerd_reload(d, line->argc, line->argv, &err))
		log_error("SIGHUP: the configuration stays as it was: %s", err.msg);
	else
		log_info("SIGHUP: registry mirrors, insecure registries, runtimes and the log's "
			 "level were read again");
}

static void wait_for_end(const sigset_t *set, struct daemon *d, const struct command_line *line)
{
	int sig;

	while ((sig = ctrd_rest_until(set)) == SIGHUP)
		reload(d, line);
	log_info("signal %d: stopping; containers go on running", sig);
}

static int serve(const struct config *cfg, const struct command_line *line, struct err *err)
{
	struct daemon *d;
	struct api *api;
	sigset_t set;

	block_signals(&set);
	d = dockerd_open(cfg, err);
	if (!d)
		return -1;
	api = dockerd_api_open(d, err);
	if (api) {
		log_info("Daemon has completed initialization");
		wait_for_end(&set, d, line);
	}
	dockerd_begin_stop(d);
	dockerd_api_close(api);
	dockerd_close(d);
	return api ? 0 : -1;
}

static int run(const struct config *cfg, const struct command_line *line, struct err *err)
{
	int rc;

	if (dockerd_config_log(cfg, err))
		return -1;
	if (geteuid() != 0)
		return err_set(err, ERR_PERMISSION,
			       "dockerd needs to be started with root privileges: try sudo");
	umask(0022);
	kern_raise_open_files(); /* a client that waits takes one, a published port and a resolver as well */
	signal(SIGPIPE, SIG_IGN);
	if (write_pidfile(cfg->pidfile, err))
		return -1;
	rc = serve(cfg, line, err);
	unlink(cfg->pidfile);
	return rc;
}

int main(int argc, char **argv)
{
	const struct command_line line = { argc, argv };
	AUTO_CONFIG struct config cfg = { 0 };
	struct err err;

	ctrd_rest_share_heap();
	trace_setup("dockerd");
	trace_keep();
	if (dockerd_config_load(&cfg, argc, argv, &err)) {
		fprintf(stderr, "dockerd: %s\n", err.msg);
		return err.kind == ERR_INVALID ? 125 : 1;
	}
	if (cfg.help) {
		dockerd_config_usage();
		return 0;
	}
	if (cfg.validate) {
		printf("configuration OK\n");
		return 0;
	}
	if (cfg.version) {
		printf("Docker version %s, API version %s\n", DOCKERD_VERSION, API_VERSION);
		return 0;
	}
	if (run(&cfg, &line, &err)) {
		fprintf(stderr, "dockerd: %s\n", err.msg);
		return 1;
	}
	return 0;
}
