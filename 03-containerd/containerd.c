/*
 * containerd - what keeps images and containers (README.md).
 *
 * Opens the services (daemon.h), serves them over HTTP on a unix socket (routes.c), and
 * on SIGTERM stops; containers run on under their shims, and the next start finds them.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/ns.h"
#include "api.h"
#include "rest.h"
#include "version.h"

#define STOP_SECONDS 15

static const char usage[] =
	"usage: containerd [options]\n"
	"Keeps images, snapshots and containers, and serves them on a unix socket.\n\n"
	"  --root DIR        what lasts                  (/var/lib/dockyard/containerd)\n"
	"  --state DIR       what lasts until a reboot   (/run/dockyard/containerd)\n"
	"  --address SOCKET  where to listen             (/run/containerd/containerd.sock)\n"
	"  --runtime PATH    the OCI runtime             (../02-runc/runc beside this program,\n"
	"                                                 else runc from PATH)\n"
	"  --shim PATH       the shim                    (containerd-shim beside this program)\n"
	"  --snapshotter NAME  overlayfs or native       (overlayfs if it works below --root, else\n"
	"                                                 native, which copies every layer)\n"
	"  --certs-dir DIR   certificates and mirrors of registries, may be given again\n"
	"                                                (/etc/containerd/certs.d, /etc/docker/certs.d)\n"
	"  --log-level LEVEL error, warn, info, debug    (info)\n"
	"  --version, --help\n";

struct settings {
	char *root, *state, *address, *runtime, *shim, *snapshotter;
	struct strlist certs_dirs;
	enum log_level level;
};

static void set(char **where, const char *value)
{
	free(*where);
	*where = xstrdup(value);
}

/* A file in the directory of this program, or NULL. */
static char *beside(const char *name)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *path, *slash;

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	path = xasprintf("%s/%s", self, name);
	if (!access(path, X_OK))
		return path;
	free(path);
	return NULL;
}

static void defaults(struct settings *s)
{
	set(&s->root, "/var/lib/dockyard/containerd");
	set(&s->state, "/run/dockyard/containerd");
	set(&s->address, "/run/containerd/containerd.sock");
	s->shim = beside("containerd-shim");
	s->runtime = beside("../02-runc/runc");
	if (!s->runtime)
		set(&s->runtime, "runc");
	s->level = LOG_INFO;
}

static void free_settings(struct settings *s)
{
	free(s->root);
	free(s->state);
	free(s->address);
	free(s->runtime);
	free(s->shim);
	free(s->snapshotter);
	strlist_free(&s->certs_dirs);
}

static int parse_level(const char *word, enum log_level *level)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };

	for (int i = 0; i < 4; i++) {
		if (strcmp(word, words[i]))
			continue;
		*level = (enum log_level)i;
		return 0;
	}
	fprintf(stderr, "containerd: --log-level %s: expected error, warn, info or debug\n", word);
	return -1;
}

/* 0: go on; else the exit status plus one. */
static int parse(int argc, char **argv, struct settings *s)
{
	static const struct option options[] = {
		{ "root", required_argument, NULL, 'r' },
		{ "state", required_argument, NULL, 's' },
		{ "address", required_argument, NULL, 'a' },
		{ "runtime", required_argument, NULL, 'R' },
		{ "shim", required_argument, NULL, 'S' },
		{ "snapshotter", required_argument, NULL, 'n' },
		{ "certs-dir", required_argument, NULL, 'c' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	char **const strings[] = { ['r'] = &s->root, ['s'] = &s->state, ['a'] = &s->address,
				   ['R'] = &s->runtime, ['S'] = &s->shim,
				   ['n'] = &s->snapshotter };
	int c;

	while ((c = getopt_long(argc, argv, "hv", options, NULL)) != -1) {
		if (c == 'v')
			return printf("containerd version %s\n", DOCKYARD_VERSION), 1;
		if (c == 'h')
			return fputs(usage, stdout), 1;
		if (c == '?')
			return 3;
		if (c == 'l' && parse_level(optarg, &s->level))
			return 3;
		if (c == 'c')
			strlist_add(&s->certs_dirs, optarg);
		else if (c != 'l')
			set(strings[c], optarg);
	}
	if (!s->certs_dirs.n) {
		strlist_add(&s->certs_dirs, "/etc/containerd/certs.d");
		strlist_add(&s->certs_dirs, "/etc/docker/certs.d");
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "containerd: unexpected argument '%s' (see --help)\n", argv[optind]);
	return 3;
}

/* The directory of the socket; the two locks keep a second containerd away. */
static int prepare(const struct settings *s, int *root_lock, int *state_lock, struct err *err)
{
	AUTO_FREE char *dir = xstrdup(s->address);
	char *slash = strrchr(dir, '/');

	if (geteuid())
		return err_set(err, ERR_PERMISSION, "containerd makes mounts, namespaces and cgroups "
			       "for containers: run it as root");
	if (!s->shim)
		return err_set(err, ERR_NOT_FOUND, "there is no containerd-shim beside containerd: "
			       "build it, or say where it is with --shim");
	if (slash && slash != dir) {
		*slash = '\0';
		if (file_mkdir_p(dir, 0711, err))
			return -1;
	}
	if (file_mkdir_p(s->root, 0711, err) || file_mkdir_p(s->state, 0711, err))
		return -1;
	*root_lock = file_lock_dir(s->root, err);
	*state_lock = *root_lock < 0 ? -1 : file_lock_dir(s->state, err);
	return *state_lock < 0 ? -1 : 0;
}

static int serve(const struct settings *s, struct ctrd_daemon *d, const sigset_t *stop,
		 struct err *err)
{
	struct http_options o = { .routes = ctrd_routes, .daemon = d, .error = ctrd_api_error,
				  .body_limit = 8 << 20 };
	struct http_server *server = http_serve_unix(s->address, 0660, &o, err);
	int sig;

	if (!server)
		return -1;
	log_info("serving on %s", s->address);
	sig = ctrd_rest_until(stop);
	log_info("%s: stopping; containers run on", sig == SIGTERM ? "SIGTERM" : "SIGINT");
	alarm(STOP_SECONDS); /* a request may hang in a runtime that hangs: no reason to stay */
	http_server_stop(server);
	return 0;
}

/* A task takes a descriptor here, and two more while somebody waits for its end. The limit as it was is the
 * containers'. */
static int run(const struct settings *s, const sigset_t *stop, struct err *err)
{
	struct ctrd_daemon_options o = { s->root, s->state, s->runtime, s->shim,
					 s->snapshotter, kern_raise_open_files(),
					 (const char *const *)s->certs_dirs.v };
	struct ctrd_daemon d = { 0 };
	AUTO_CLOSE int root_lock = -1;
	AUTO_CLOSE int state_lock = -1;
	int rc;

	if (prepare(s, &root_lock, &state_lock, err))
		return -1;
	rc = ctrd_daemon_open(&d, &o, err) ? -1 : serve(s, &d, stop, err);
	ctrd_daemon_close(&d);
	return rc;
}

/* Before any thread: all inherit the mask, and main alone takes the signals. */
static void take_signals(sigset_t *stop)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(stop);
	sigaddset(stop, SIGTERM);
	sigaddset(stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, stop, NULL);
}

/* The state goes into shims' and runtimes' command lines: independent of our directory. */
static int make_absolute(char **path, struct err *err)
{
	AUTO_FREE char *cwd = **path == '/' ? NULL : getcwd(NULL, 0);
	char *old = *path;

	if (*old == '/')
		return 0;
	if (!cwd)
		return err_sys(err, "getcwd");
	*path = xasprintf("%s/%s", cwd, old);
	free(old);
	return 0;
}

int main(int argc, char **argv)
{
	struct settings s = { 0 };
	sigset_t stop;
	struct err err;
	int rc;

	defaults(&s);
	rc = parse(argc, argv, &s);
	if (rc) {
		free_settings(&s);
		return rc - 1;
	}
	log_setup("containerd", 2, s.level, 0);
	ctrd_rest_share_heap();
	trace_setup("containerd");
	trace_keep();
	take_signals(&stop);
	umask(022);
	rc = make_absolute(&s.root, &err) || make_absolute(&s.state, &err) || run(&s, &stop, &err);
	if (rc)
		fprintf(stderr, "containerd: %s\n", err.msg);
	free_settings(&s);
	return rc ? 1 : 0;
}
