/*
 * build.h - what docker build sends and what becomes of the answer.
 *
 *   PATH          a directory: packed as it is sent, without what .dockerignore names
 *   -             standard input: an archive of a context, or a Dockerfile alone
 *   http://...    the daemon fetches it
 *
 * The answer is a stream of JSON, {"stream": text} and at last {"aux": {"ID": image}}.
 */
#ifndef DOCKYARD_CLI_BUILD_H
#define DOCKYARD_CLI_BUILD_H

#include "pack.h"
#include "progress.h"

/* ---- the context --------------------------------------------------------- */

struct cli_build_context {
	char *dockerfile;  /* its name in the context */
	char *remote;      /* an URL, or NULL */
	cli_source source; /* NULL: nothing is sent */
	void *source_context;
	json_t *named;     /* of --build-context: name: where it is */
	/* private */
	struct cli_pack *pack;
	struct cli_gzip *gzip;
	struct cli_pack_rules rules;
	struct ignore ignore;
	struct strbuf head; /* what was read of standard input to see what it is */
	size_t head_at;
};

/* `file`: as --file has it, or NULL; `named`: as --build-context. Freed also after failure. */
int cli_build_context(struct cli_build_context *c, const char *where, const char *file, const struct strlist *named,
		      struct err *err);
/* What is sent is sent compressed. */
void cli_build_context_compress(struct cli_build_context *c);
void cli_build_context_free(struct cli_build_context *c);

/* Does the daemon fetch it? */
bool cli_build_is_remote(const char *where);
/* A .dockerignore's patterns; *text, the caller's: all of it. */
int cli_build_ignore(struct ignore *ignore, const char *path, int fd, char **text, struct err *err);

/* build_named.c: into `named`, and the directories into what is packed. */
int cli_build_named(struct cli_build_context *c, const struct strlist *list, struct err *err);
void cli_build_named_free(struct cli_build_context *c);

/* ---- --ssh --------------------------------------------------------------- */

/* Offer the agents of "default", "ID", "ID=SOCKET" and "ID=KEY,KEY" to the RUNs of a build that is about to begin. */
struct cli_build_ssh *cli_build_ssh_start(struct cli *cli, const struct strlist *list, struct err *err);
/* By which the daemon knows the build; the caller frees. */
char *cli_build_ssh_header(const struct cli_build_ssh *s);
void cli_build_ssh_end(struct cli_build_ssh *s); /* NULL is none */

/* ---- the answer ---------------------------------------------------------- */

struct cli_build_answer {
	FILE *out;           /* NULL: quiet */
	char id[136];        /* of the image; "" until it is told */
	int code;            /* of a RUN that failed */
	struct strbuf line, said; /* said: what a quiet build tells when it fails */
	struct cli_progress progress; /* of pulls */
};

void cli_build_answer_begin(struct cli_build_answer *a, bool quiet);
int cli_build_answer_feed(void *answer, const char *data, size_t n, struct err *err); /* a cli_sink */
void cli_build_answer_end(struct cli_build_answer *a);

/* ---- --output ------------------------------------------------------------ */

struct cli_build_output {
	bool wanted, tar;
	char *dest; /* "-": standard output */
};

/* "type=local,dest=DIR", "type=tar,dest=FILE", "DIR", "-". */
int cli_build_output_parse(const char *text, struct cli_build_output *o, struct err *err);
/* The image's files there; the image itself goes if it has no name. */
int cli_build_output_write(struct cli *cli, const struct cli_build_output *o, const char *id, bool named,
			   struct err *err);

#endif
