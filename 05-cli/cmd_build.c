/*
 * cmd_build.c - docker build.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "auth.h"
#include "build.h"
#include "create.h"
#include "human.h"
#include "proxies.h"
#include "reference.h"
#include "verbs.h"

#define SECRETS_LIMIT 16384 /* they travel in a header */

struct options {
	struct strlist tags, args, labels, contexts, hosts, ulimits, security, secrets, ssh, cache_from, cache_to, fresh;
	const char *file, *target, *network, *platform, *iidfile, *progress, *output, *cpuset, *mems, *parent,
		*isolation;
	struct cli_number memory, swap, shm, shares, period, quota;
	bool no_cache, pull, quiet, rm, force_rm, squash, compress, untrusted;
};

static int check_progress(const char *value, struct err *err)
{
	if (!strcmp(value, "auto") || !strcmp(value, "plain") || !strcmp(value, "quiet"))
		return 0;
	return err_set(err, ERR_INVALID, "--progress=%s is not supported: auto, plain or quiet", value);
}

/* What an image is made of is in its history always, which --cache-from reads: so "inline" asks for nothing more. */
static int check_cache_to(const char *value, struct err *err)
{
	if (!strcmp(value, "type=inline"))
		return 0;
	return err_set(err, ERR_INVALID, "--cache-to=%s is not supported: type=inline", value);
}

static int check_tag(const char *value, struct err *err)
{
	struct cli_reference reference;
	int rc = cli_reference_parse_name(&reference, value, err);

	if (!rc)
		cli_reference_free(&reference);
	return rc;
}

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 0, "add-host", CLI_LIST, AT(hosts), "Add a custom host-to-IP mapping (\"host:ip\")", .check = cli_create_check_host },
	{ 0, "build-arg", CLI_LIST, AT(args), "Set build-time variables" },
	{ 0, "build-context", CLI_LIST, AT(contexts), "Additional build contexts (\"NAME=PATH\", \"NAME=URL\", \"NAME=docker-image://REF\")" },
	{ 0, "cache-from", CLI_LIST, AT(cache_from), "Images to consider as cache sources (\"NAME\", \"type=registry,ref=NAME\")", .type = "strings" },
	{ 0, "cache-to", CLI_LIST, AT(cache_to), "Cache export destinations (\"type=inline\")", .check = check_cache_to },
	{ 0, "cgroup-parent", CLI_STRING, AT(parent), "Set the parent cgroup for the \"RUN\" instructions during build" },
	{ 0, "compress", CLI_BOOL, AT(compress), "Compress the build context using gzip" },
	{ 0, "cpu-period", CLI_INT, AT(period), "Limit the CPU CFS (Completely Fair Scheduler) period" },
	{ 0, "cpu-quota", CLI_INT, AT(quota), "Limit the CPU CFS (Completely Fair Scheduler) quota" },
	{ 'c', "cpu-shares", CLI_INT, AT(shares), "CPU shares (relative weight)" },
	{ 0, "cpuset-cpus", CLI_STRING, AT(cpuset), "CPUs in which to allow execution (0-3, 0,1)" },
	{ 0, "cpuset-mems", CLI_STRING, AT(mems), "MEMs in which to allow execution (0-3, 0,1)" },
	CLI_TRUST_FLAG(AT(untrusted), "Skip image verification"),
	{ 'f', "file", CLI_STRING, AT(file), "Name of the Dockerfile (Default is \"PATH/Dockerfile\")" },
	{ 0, "force-rm", CLI_BOOL, AT(force_rm), "Always remove intermediate containers" },
	{ 0, "iidfile", CLI_STRING, AT(iidfile), "Write the image ID to the file" },
	{ 0, "isolation", CLI_STRING, AT(isolation), "Container isolation technology" },
	{ 0, "label", CLI_LIST, AT(labels), "Set metadata for an image" },
	{ 'm', "memory", CLI_BYTES, AT(memory), "Memory limit" },
	{ 0, "memory-swap", CLI_SWAP, AT(swap), "Swap limit equal to memory plus swap: -1 to enable unlimited swap" },
	{ 0, "network", CLI_STRING, AT(network), "Set the networking mode for the RUN instructions during build", .shown = "\"default\"" },
	{ 0, "no-cache", CLI_BOOL, AT(no_cache), "Do not use cache when building the image" },
	{ 0, "no-cache-filter", CLI_STRINGS, AT(fresh), "Do not cache specified stages" },
	{ 'o', "output", CLI_STRING, AT(output), "Output destination (format: \"type=local,dest=path\")" },
	{ 0, "platform", CLI_STRING, AT(platform), "Set platform if server is multi-platform capable" },
	{ 0, "progress", CLI_STRING, AT(progress), "Set type of progress output (\"auto\", \"plain\", \"quiet\")", .check = check_progress },
	{ 0, "pull", CLI_BOOL, AT(pull), "Always attempt to pull a newer version of the image" },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Suppress the build output and print image ID on success" },
	{ 0, "rm", CLI_BOOL, AT(rm), "Remove intermediate containers after a successful build", .shown = "true" },
	{ 0, "secret", CLI_LIST, AT(secrets), "Secret to expose to the build (format: \"id=mysecret,src=/local/secret\")" },
	{ 0, "security-opt", CLI_STRINGS, AT(security), "Security options" },
	{ 0, "shm-size", CLI_BYTES, AT(shm), "Size of \"/dev/shm\"" },
	{ 0, "ssh", CLI_LIST, AT(ssh), "SSH agent socket or keys to expose to the build (format: \"default|ID[=SOCKET|KEY[,KEY]]\")" },
	{ 0, "squash", CLI_BOOL, AT(squash), "Squash newly built layers into a single new layer" },
	{ 't', "tag", CLI_LIST, AT(tags), "Name and optionally a tag in the \"name:tag\" format", .check = check_tag },
	{ 0, "target", CLI_STRING, AT(target), "Set the target build stage to build." },
	{ 0, "ulimit", CLI_LIST, AT(ulimits), "Ulimit options", .type = "ulimit", .shown = "[]" },
	{ 0 },
};

static bool is_quiet(const struct options *o)
{
	return o->quiet || (o->progress && !strcmp(o->progress, "quiet"));
}

/* ---- the request --------------------------------------------------------- */

/* "a=b"; a bare "a" is the environment's value, or, where it has none, null: then the Dockerfile's own counts. */
static json_t *pairs(const struct strlist *list, bool from_environment)
{
	json_t *out = json_object();

	for (size_t i = 0; i < list->n; i++) {
		const char *text = list->v[i], *eq = strchr(text, '=');
		AUTO_FREE char *name = xstrndup(text, eq ? (size_t)(eq - text) : strlen(text));
		const char *value = eq ? eq + 1 : from_environment ? getenv(name) : "";

		json_object_set_new(out, name, value ? json_string(value) : json_null());
	}
	return out;
}

static void query_json(struct strbuf *path, const char *key, json_t *value)
{
	AUTO_FREE char *text = jsonx_text(value);

	cli_query(path, key, text);
	json_decref(value);
}

static void query_number(struct strbuf *path, const char *key, const struct cli_number *n)
{
	AUTO_FREE char *text = xasprintf("%lld", (long long)n->value);

	if (n->set)
		cli_query(path, key, text);
}

static void query_text(struct strbuf *path, const char *key, const char *value)
{
	if (value && *value)
		cli_query(path, key, value);
}

static void query_list(struct strbuf *path, const char *key, const struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		cli_query(path, key, list->v[i]);
}

static void query_flag(struct strbuf *path, const char *key, bool value)
{
	if (value)
		cli_query(path, key, "1");
}

static void query_limits(struct strbuf *path, const struct options *o)
{
	query_number(path, "memory", &o->memory);
	query_number(path, "memswap", &o->swap);
	query_number(path, "shmsize", &o->shm);
	query_number(path, "cpushares", &o->shares);
	query_number(path, "cpuperiod", &o->period);
	query_number(path, "cpuquota", &o->quota);
	query_text(path, "cpusetcpus", o->cpuset);
	query_text(path, "cpusetmems", o->mems);
	query_text(path, "cgroupparent", o->parent);
	query_text(path, "networkmode", o->network);
	query_list(path, "extrahosts", &o->hosts);
	query_list(path, "securityopt", &o->security);
}

/* "NAME", "NAME,NAME", or "type=registry,ref=NAME". */
static int query_cache(struct strbuf *path, const struct options *o, struct err *err)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;

	for (size_t i = 0; i < o->cache_from.n; i++) {
		const char *text = o->cache_from.v[i];
		AUTO_FREE char *copy = xstrdup(text);
		char *save = NULL;

		for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save))
			if (str_starts(w, "ref="))
				strlist_add(&names, w + strlen("ref="));
			else if (!strchr(w, '='))
				strlist_add(&names, w);
			else if (strcmp(w, "type=registry"))
				return err_set(err, ERR_INVALID, "--cache-from=%s is not supported: NAME or "
					       "type=registry,ref=NAME", text);
	}
	if (names.n)
		query_json(path, "cachefrom", jsonx_strings(&names));
	return 0;
}

static int query_lists(struct strbuf *path, const struct cli *cli, const struct options *o,
		       const struct cli_build_context *c, struct err *err)
{
	json_t *ulimits = json_array(), *args = pairs(&o->args, true);

	for (size_t i = 0; i < o->ulimits.n; i++)
		if (cli_create_ulimit(o->ulimits.v[i], ulimits, err)) {
			json_decref(ulimits);
			json_decref(args);
			return -1;
		}
	query_json(path, "ulimits", ulimits);
	cli_proxies_to_object(cli, args);
	query_json(path, "buildargs", args);
	query_json(path, "labels", pairs(&o->labels, false));
	if (o->contexts.n)
		query_json(path, "buildcontexts", json_incref(c->named));
	if (o->fresh.n)
		query_json(path, "nocachefilter", jsonx_strings(&o->fresh));
	return query_cache(path, o, err);
}

static int make_path(struct strbuf *path, const struct cli *cli, const struct options *o, const struct cli_build_context *c,
		     struct err *err)
{
	strbuf_adds(path, "/build");
	query_list(path, "t", &o->tags);
	cli_query(path, "dockerfile", c->dockerfile);
	query_text(path, "remote", c->remote);
	query_text(path, "target", o->target);
	query_text(path, "platform", o->platform);
	query_text(path, "isolation", o->isolation);
	query_flag(path, "nocache", o->no_cache);
	query_flag(path, "pull", o->pull);
	query_flag(path, "q", is_quiet(o));
	query_flag(path, "forcerm", o->force_rm);
	query_flag(path, "squash", o->squash);
	cli_query(path, "rm", o->rm ? "1" : "0");
	query_limits(path, o);
	return query_lists(path, cli, o, c, err);
}

/* ---- secrets ------------------------------------------------------------- */

/* "id=x,src=FILE", "id=x,env=VARIABLE", "id=x": the variable of that name, or the file. */
static int add_secret(json_t *out, const char *text, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text), *value = NULL;
	AUTO_STRBUF struct strbuf data = STRBUF_INIT;
	const char *id = NULL, *file = NULL, *env = NULL;
	char *save = NULL;

	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		if (str_starts(w, "id="))
			id = w + 3;
		else if (str_starts(w, "src=") || str_starts(w, "source="))
			file = strchr(w, '=') + 1;
		else if (str_starts(w, "env="))
			env = w + 4;
		else if (strcmp(w, "type=file") && strcmp(w, "type=env"))
			return err_set(err, ERR_INVALID, "--secret: unexpected '%s'", w);
	}
	if (!id || !*id)
		return err_set(err, ERR_INVALID, "--secret: id is missing in '%s'", text);
	if (!file && (env || getenv(id)))
		strbuf_adds(&data, getenv(env ? env : id) ? getenv(env ? env : id) : "");
	else if (file_read(AT_FDCWD, file ? file : id, &data, SECRETS_LIMIT, err))
		return err_wrap(err, "--secret %s", id);
	value = base64_encode(data.data ? data.data : "", data.len);
	json_object_set_new(out, id, json_string(value));
	return 0;
}

/* The header, new; *line stays NULL where there are none. */
static int secrets_header(const struct options *o, char **line, struct err *err)
{
	static const char name[] = "X-Docker-Build-Secrets";
	AUTO_JSON json_t *all = json_object();

	if (!o->secrets.n)
		return 0;
	for (size_t i = 0; i < o->secrets.n; i++)
		if (add_secret(all, o->secrets.v[i], err))
			return -1;
	*line = cli_api_header(name, all);
	if (strlen(*line) > sizeof name + 1 + SECRETS_LIMIT)
		return err_set(err, ERR_INVALID, "--secret: more than %d bytes in all", SECRETS_LIMIT);
	return 0;
}

static int auth_header(struct cli *cli, char **line, struct err *err)
{
	AUTO_JSON json_t *all = cli_auth_all(&cli->config, err);

	*line = all ? cli_api_header("X-Registry-Config", all) : NULL;
	return all ? 0 : -1;
}

/* ---- the build ------------------------------------------------------------- */

/* The context on its way: how much of it there is. */
struct sending {
	const struct cli_build_context *c;
	FILE *out; /* NULL: quiet */
	bool terminal;
	size_t bytes, told;
};

#define TELL_EVERY (512u << 10)

static void tell(struct sending *s, const char *end)
{
	char size[CLI_HUMAN_SIZE];

	s->told = s->bytes;
	if (!s->out)
		return;
	fprintf(s->out, "Sending build context to Docker daemon  %s%s", cli_human_size((double)s->bytes, 4, size), end);
	fflush(s->out);
}

static ssize_t read_context(void *sending, char *buf, size_t size, struct err *err)
{
	struct sending *s = sending;
	ssize_t n = s->c->source(s->c->source_context, buf, size, err);

	s->bytes += n > 0 ? (size_t)n : 0;
	if (!n)
		tell(s, "\n");
	else if (s->terminal && s->bytes - s->told >= TELL_EVERY)
		tell(s, "\r");
	return n;
}

static int request_build(struct cli *cli, const struct options *o, const struct cli_build_context *c,
		struct cli_build_answer *a, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_FREE char *secrets = NULL, *auths = NULL, *forward = NULL;
	struct sending sending = { .c = c, .out = a->out, .terminal = isatty(STDOUT_FILENO) };
	struct cli_build_ssh *ssh = NULL;
	int rc;

	if (make_path(&path, cli, o, c, err) || secrets_header(o, &secrets, err) || auth_header(cli, &auths, err))
		return -1;
	if (o->ssh.n && !(ssh = cli_build_ssh_start(cli, &o->ssh, err)))
		return -1;
	forward = ssh ? cli_build_ssh_header(ssh) : NULL;
	struct cli_request request = { .method = "POST", .path = path.data, .sink = cli_build_answer_feed,
				       .context = a, .headers = { auths, secrets, forward },
				       .source = c->source ? read_context : NULL, .source_context = &sending };
	rc = cli_api_do(&cli->api, &request, NULL, err);
	cli_build_ssh_end(ssh);
	if (rc && a->code)
		cli->status = a->code;
	return rc;
}

/* It may be a pipe or a device: written as it is, and not replaced. */
static int write_id(const char *path, const char *id, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return cli_file_error("open", path, err);
	return io_write_full(fd, id, strlen(id)) ? cli_file_error("write", path, err) : 0;
}

/* An ID from before would be taken for this build's, where it fails. */
static int forget_id(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) || !S_ISREG(st.st_mode))
		return 0;
	return unlink(path) ? cli_file_error("unlink", path, err) : 0;
}

static int build(struct cli *cli, const struct options *o, const struct cli_build_context *c, struct err *err)
{
	struct cli_build_output output = { 0 };
	struct cli_build_answer a;
	int rc = o->iidfile ? forget_id(o->iidfile, err) : 0;

	if (!rc && o->output)
		rc = cli_build_output_parse(o->output, &output, err);

	/* An archive on standard output leaves no room for words. */
	cli_build_answer_begin(&a, is_quiet(o) || (output.dest && !strcmp(output.dest, "-")));
	if (!rc)
		rc = request_build(cli, o, c, &a, err);
	if (!rc && o->iidfile)
		rc = write_id(o->iidfile, a.id, err);
	if (!rc && output.wanted)
		rc = cli_build_output_write(cli, &output, a.id, o->tags.n, err);
	else if (!rc && is_quiet(o))
		printf("%s\n", a.id);
	cli_build_answer_end(&a);
	free(output.dest);
	return rc;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct cli_build_context context;
	int rc;

	(void)n;
	if (cli_trust_check(o->untrusted, err))
		return -1;
	rc = cli_build_context(&context, args[0], o->file && *o->file ? o->file : NULL, &o->contexts, err);
	if (!rc && o->compress)
		cli_build_context_compress(&context);
	rc = rc || build(cli, o, &context, err) ? -1 : 0;
	cli_build_context_free(&context);
	return rc;
}

const struct cli_command cli_cmd_build = {
	.usage = "[OPTIONS] PATH | URL | -", .summary = "Build an image from a Dockerfile", .min = 1, .max = 1,
	.aliases = "docker image build, docker build, docker builder build",
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
