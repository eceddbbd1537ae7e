/*
 * create.c - see create.h.
 */
#include "create.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/tty.h"
#include "create_private.h"
#include "platform.h"
#include "progress.h"
#include "proxies.h"
#include "reference.h"
#include "value.h"

/* The file must not be there: another container's ID may be in it. */
static int open_cidfile(const char *path, int *fd, struct err *err)
{
	if (!path)
		return 0;
	*fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (*fd >= 0)
		return 0;
	if (errno == EEXIST)
		return err_set(err, ERR_EXISTS,
			       "container ID file found, make sure the other container isn't running or delete %s",
			       path);
	cli_file_error("open", path, err);
	return err_wrap(err, "failed to create the container ID file");
}

static int pull(struct cli *cli, const struct cli_create_options *o, const struct cli_reference *reference,
		struct err *err)
{
	return cli_pull(cli, reference, o->platform, o->quiet ? NULL : stderr, err);
}

/* The size that the container's terminal begins with. */
static void put_console_size(const struct cli_create_options *o)
{
	unsigned short rows = 0, columns = 0;
	struct err ignored;

	if (kern_tty_size(STDOUT_FILENO, &rows, &columns, &ignored))
		rows = columns = 0;
	json_object_set_new(json_object_get(o->body, "HostConfig"), "ConsoleSize",
			    json_pack("[i, i]", (int)rows, (int)columns));
}

/* Daemons before API 1.44 know of one such address, the container's. */
static int put_old_mac(struct cli *cli, const struct cli_create_options *o, struct err *err)
{
	if (!o->mac)
		return 0;
	if (cli_api_negotiate(&cli->api, err))
		return -1;
	if (!cli_api_at_least(&cli->api, "1.44"))
		json_object_set_new(o->body, "MacAddress", json_string(o->mac));
	return 0;
}

static int create_once(struct cli *cli, const struct cli_create_options *o, json_t **created, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;

	strbuf_adds(&path, "/containers/create");
	if (o->name)
		cli_query(&path, "name", o->name);
	if (o->platform && *o->platform)
		cli_query(&path, "platform", o->platform);
	if (cli_api_call(&cli->api, "POST", path.data, o->body, created, err))
		return -1;
	if (!jsonx_str(*created, "Id", NULL))
		return err_set(err, ERR_CORRUPT, "the daemon's answer has no container ID");
	return 0;
}

/* A missing image is pulled, and the container created again. */
static int create_or_pull(struct cli *cli, const struct cli_create_options *o,
			  const struct cli_reference *reference, json_t **created, struct err *err)
{
	const char *policy = o->pull && *o->pull ? o->pull : "missing";

	if (!strcmp(policy, "always") && !reference->id && pull(cli, o, reference, err))
		return -1;
	if (!create_once(cli, o, created, err))
		return 0;
	if (err->kind != ERR_NOT_FOUND || reference->id || strcmp(policy, "missing"))
		return -1;
	if (!o->quiet)
		fprintf(stderr, "Unable to find image '%s%s%s' locally\n", reference->familiar,
			reference->digest ? "@" : ":", reference->digest ? reference->digest : reference->tag);
	if (pull(cli, o, reference, err))
		return -1;
	return create_once(cli, o, created, err);
}

/* The container's own resolver would be asked, where there is none. */
static void warn_of_dns(const struct cli_create_options *o)
{
	json_t *server;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(o->body, "HostConfig"), "Dns"), i, server) {
		const char *text = json_is_string(server) ? json_string_value(server) : "";
		if (str_starts(text, "127.") || !strcmp(text, "::1"))
			cli_complain("WARNING: Localhost DNS (%s) may fail in containers.", text);
	}
}

static int check_platform(const struct cli_create_options *o, struct err *err)
{
	if (!o->platform || !*o->platform)
		return 0;
	AUTO_JSON json_t *platform = cli_platform_parse(o->platform, err);
	return platform ? 0 : err_wrap(err, "error parsing specified platform");
}

static int create(struct cli *cli, const struct cli_create_options *o, const char *image, char **id,
		  struct err *err)
{
	struct cli_reference reference;
	AUTO_JSON json_t *created = NULL, *config = NULL;
	json_t *warning;
	size_t i;

	if (check_platform(o, err) || put_old_mac(cli, o, err))
		return -1;
	cli_proxies_to_list(cli, cli_array_at(o->body, "Env"));
	if (o->api_socket && cli_create_socket(cli, o, &config, err))
		return -1;
	if (cli_reference_parse(&reference, image, err))
		return -1;
	if (!reference.id && !reference.tag && !reference.digest)
		reference.tag = xstrdup("latest");
	put_console_size(o);
	if (o->cidfile)
		json_object_set_new(cli_object_at(o->body, "HostConfig"), "ContainerIDFile", json_string(o->cidfile));
	int rc = create_or_pull(cli, o, &reference, &created, err);
	cli_reference_free(&reference);
	if (rc)
		return -1;
	json_array_foreach(json_object_get(created, "Warnings"), i, warning)
		if (json_is_string(warning))
			cli_complain("WARNING: %s", json_string_value(warning));
	warn_of_dns(o);
	*id = xstrdup(jsonx_str(created, "Id", ""));
	return config ? cli_create_put_config(cli, *id, config, err) : 0;
}

int cli_create(struct cli *cli, const struct cli_create_options *o, const char *image, char **id,
	       struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (open_cidfile(o->cidfile, &fd, err))
		return -1;
	if (create(cli, o, image, id, err)) {
		if (fd >= 0)
			unlink(o->cidfile);
		return -1;
	}
	if (fd >= 0 && io_write_full(fd, *id, strlen(*id)))
		return err_sys(err, "failed to write the container ID to the file");
	return 0;
}
