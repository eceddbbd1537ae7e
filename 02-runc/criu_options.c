/*
 * criu_options.c - what `checkpoint` and `restore` are both told and both tell
 * criu; see criu.h.
 *
 * There are two directories: the images' holds the container's memory, one file
 * per kind of thing; the work directory criu's log. The names of the log
 * (dump.log, restore.log) are known to containerd and podman, which copy it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "criu.h"

#define LOG_LEVEL 4 /* everything: without the debug lines an error says little */
#define LOG_LIMIT (64u << 20)
#define QUOTED_BEFORE 5 /* lines in front of one with an error */

/* ---- checking and opening ------------------------------------------------------- */

/* "192.0.2.1:27277" or "[2001:db8::1]:27277" */
static int parse_page_server(struct runc_criu_options *o, struct err *err)
{
	const char *text = o->page_server, *colon = strrchr(text, ':'), *end = colon;
	char *rest;
	long port;

	if (colon && *text == '[' && colon > text + 1 && colon[-1] == ']') {
		text++;
		end--;
	}
	if (!colon || end == text || !colon[1] || memchr(text, ']', (size_t)(end - text)) ||
	    (end == colon && memchr(text, ':', (size_t)(end - text))))
		return err_set(err, ERR_INVALID,
			       "Use --page-server ADDRESS:PORT to specify page server");
	port = strtol(colon + 1, &rest, 10);
	if (*rest || port < 1 || port > 65535)
		return err_set(err, ERR_INVALID, "Invalid port number");
	o->address = xstrndup(text, (size_t)(end - text));
	o->port = (int)port;
	return 0;
}

/* criu finds the parent beside or in the images, wherever these are moved together. */
static int check_parent(const struct runc_criu_options *o, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", o->image_path, o->parent_path);
	struct stat st;

	if (o->parent_path[0] == '/')
		return err_set(err, ERR_INVALID, "--parent-path must be relative");
	if (stat(path, &st))
		return err_sys(err, "invalid --parent-path: stat %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_errno(err, ENOTDIR, "invalid --parent-path: %s", path);
	return 0;
}

/* criu's numbers for the modes. */
static int cgroups_mode(const char *word)
{
	static const struct { const char *word; int mode; } modes[] = {
		{ "", 6 }, { "soft", 3 }, { "full", 4 }, { "strict", 5 }, { "ignore", 0 },
	};

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (!strcmp(word, modes[i].word))
			return modes[i].mode;
	return -1;
}

static int check_words(const struct runc_criu_options *o, struct err *err)
{
	if (o->cgroups_mode && cgroups_mode(o->cgroups_mode) < 0)
		return err_set(err, ERR_INVALID, "invalid manage-cgroups-mode value '%s'",
			       o->cgroups_mode);
	for (size_t i = 0; i < o->empty_ns.n; i++)
		if (strcmp(o->empty_ns.v[i], "network"))
			return err_set(err, ERR_INVALID, "--empty-ns: namespace \"%s\" is not "
				       "supported", o->empty_ns.v[i]);
	return 0;
}

static int open_dir(const char *path, int *fd, struct err *err)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? err_sys(err, "open %s", path) : 0;
}

int runc_criu_options_open(struct runc_criu_options *o, bool make, const char *log,
			   struct err *err)
{
	if (!o->image_path || !*o->image_path)
		o->image_path = "checkpoint";
	if (check_words(o, err) || (o->page_server && parse_page_server(o, err)) ||
	    (make && file_mkdir_p(o->image_path, 0700, err)) ||
	    (o->parent_path && *o->parent_path && check_parent(o, err)) ||
	    open_dir(o->image_path, &o->images, err))
		return -1;
	if (!o->work_path || !*o->work_path) {
		o->log = xasprintf("%s/%s", o->image_path, log);
		return 0;
	}
	if (mkdir(o->work_path, 0700) && errno != EEXIST)
		return err_sys(err, "make the work directory %s", o->work_path);
	o->log = xasprintf("%s/%s", o->work_path, log);
	return open_dir(o->work_path, &o->work, err);
}

void runc_criu_options_free(struct runc_criu_options *o)
{
	cleanup_close(&o->images);
	cleanup_close(&o->work);
	strlist_free(&o->empty_ns);
	free(o->address);
	free(o->log);
}

/* ---- telling criu ---------------------------------------------------------------- */

/* criu reads settings that win over ours from a file: the machine's for containers,
 * or the one that an annotation names; "" for none. */
static const char *config_file(const struct runc_config *c)
{
	const json_t *named = json_object_get(c->annotations, "org.criu.config");

	if (!named)
		return "/etc/criu/runc.conf";
	return *json_string_value(named) ? json_string_value(named) : NULL;
}

void runc_criu_options_add(struct strbuf *opts, const struct runc_criu_options *o,
			   const struct runc_config *c)
{
	const struct { unsigned field; bool set; } flags[] = {
		{ OPT_TCP_ESTABLISHED, o->tcp_established }, { OPT_EXT_UNIX_SK, o->ext_unix_sk },
		{ OPT_SHELL_JOB, o->shell_job }, { OPT_FILE_LOCKS, o->file_locks },
		{ OPT_AUTO_DEDUP, o->auto_dedup }, { OPT_LAZY_PAGES, o->lazy_pages },
		{ OPT_MANAGE_CGROUPS, true }, { OPT_NOTIFY_SCRIPTS, true },
		{ OPT_ORPHAN_PTS_MASTER, true },
	};
	const char *slash = strrchr(o->log, '/');

	runc_pb_number(opts, OPT_IMAGES_DIR_FD, (uint64_t)o->images);
	if (o->work >= 0)
		runc_pb_number(opts, OPT_WORK_DIR_FD, (uint64_t)o->work);
	runc_pb_number(opts, OPT_LOG_LEVEL, LOG_LEVEL);
	runc_pb_text(opts, OPT_LOG_FILE, slash + 1);
	runc_pb_text(opts, OPT_CONFIG_FILE, config_file(c));
	runc_pb_number(opts, OPT_MANAGE_CGROUPS_MODE,
		       (uint64_t)cgroups_mode(o->cgroups_mode ? o->cgroups_mode : ""));
	/* Interfaces and addresses are not the runtime's: who made them for `create`
	 * makes them again. So this namespace is always one of --empty-ns. */
	runc_pb_number(opts, OPT_EMPTY_NS, CLONE_NEWNET);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (flags[i].set)
			runc_pb_number(opts, flags[i].field, 1);
}

/* ---- when it fails ---------------------------------------------------------------- */

void runc_criu_quote_log(const struct runc_criu_options *o)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	const char *before[QUOTED_BEFORE] = { NULL };
	struct err ignored; /* criu's own settings may have put the log elsewhere */
	char *save = NULL;
	size_t n = 0;

	if (file_read(AT_FDCWD, o->log, &text, LOG_LIMIT, &ignored))
		return;
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), n++) {
		const char **slot = &before[n % QUOTED_BEFORE];

		if (!strstr(line, "Error")) {
			*slot = line;
			continue;
		}
		for (size_t i = 0; i < QUOTED_BEFORE; i++) {
			const char **old = &before[(n + i) % QUOTED_BEFORE];

			if (*old)
				log_warn("%s: %s", o->log, *old);
			*old = NULL;
		}
		log_warn("%s: %s", o->log, line);
	}
}
