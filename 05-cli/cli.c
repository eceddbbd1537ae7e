/*
 * cli.c - what verbs do alike: telling that something failed.
 */
#include "cli.h"
#include "units.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void cli_complain(const char *fmt, ...)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT, plain = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	strbuf_add_plain(&plain, text.data, "\n\t");
	fprintf(stderr, "%s\n", plain.data);
}

void cli_failures_add(struct cli_failures *f, const struct err *err)
{
	strbuf_addf(&f->text, "%s\n", err->msg);
}

void cli_failures_end(struct cli_failures *f, struct cli *cli)
{
	fflush(stdout);
	if (f->text.len) {
		f->text.data[f->text.len - 1] = 0; /* cli_complain ends the line */
		cli_complain("%s", f->text.data);
		cli->status = CLI_STATUS_FAILED;
	}
	strbuf_free(&f->text);
}

int cli_file_error(const char *call, const char *path, struct err *err)
{
	AUTO_FREE char *reason = xstrdup(strerror(errno));

	reason[0] = (char)tolower((unsigned char)reason[0]);
	return err_set(err, err_kind_of_errno(errno), "%s %s: %s", call, path, reason);
}

int cli_trust_check(bool disabled, struct err *err)
{
	const char *env = getenv("DOCKER_CONTENT_TRUST");
	bool wanted = false;
	struct err ignored;

	if (env && *env && cli_parse_bool(env, &wanted, &ignored))
		wanted = true;
	return disabled && !wanted ? 0 : err_set(err, ERR_UNSUPPORTED, "content trust: this client does not check signatures");
}

void cli_fail_with_help(struct cli *cli, const struct err *err)
{
	cli_complain("docker: %s\n\nRun 'docker %s --help' for more information", err->msg, cli->path);
	cli->status = CLI_STATUS_DAEMON;
}
