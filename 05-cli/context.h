/*
 * context.h - daemons by name, so that one need not type where they are.
 *
 *     DOCKER_CONFIG/contexts/meta/<sha256 of the name>/meta.json
 *     DOCKER_CONFIG/contexts/tls/<the same>/docker/{ca,cert,key}.pem
 *
 * meta.json is {"Name", "Metadata": {"Description"}, "Endpoints": {"docker":
 * {"Host", "SkipTLSVerify"}}}. "default" is no file: it is what DOCKER_HOST says.
 */
#ifndef DOCKYARD_CLI_CONTEXT_H
#define DOCKYARD_CLI_CONTEXT_H

#include <stdbool.h>

#include "01-kernel/base/strbuf.h"
#include "config.h"

#define CLI_CONTEXT_DEFAULT "default"
extern const char *const cli_context_tls_files[]; /* "ca.pem" …; ends with NULL */

/* Is it a name for a new one? */
int cli_context_check_name(const char *name, struct err *err);

/* The directory of its "meta" or "tls": new. */
char *cli_context_path(const struct cli_config *config, const char *kind, const char *name);

/* Its meta.json: new, or NULL, with ERR_NOT_FOUND when there is none. */
json_t *cli_context_load(const struct cli_config *config, const char *name, struct err *err);
bool cli_context_exists(const struct cli_config *config, const char *name);
int cli_context_save(const struct cli_config *config, const json_t *meta, struct err *err);
int cli_context_remove(const struct cli_config *config, const char *name, struct err *err);

/* A file of its TLS: its content replaced. */
int cli_context_put_tls(const struct cli_config *config, const char *name, const char *file,
			const struct strbuf *content, struct err *err);
/* The content appended; -1 with ERR_NOT_FOUND when there is none. */
int cli_context_get_tls(const struct cli_config *config, const char *name, const char *file, struct strbuf *content,
			struct err *err);

/* The names of all, sorted, without "default". */
void cli_context_list(const struct cli_config *config, struct strlist *names);

#endif
