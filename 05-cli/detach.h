/*
 * detach.h - the keys that leave a container running: ctrl-p ctrl-q.
 */
#ifndef DOCKYARD_CLI_DETACH_H
#define DOCKYARD_CLI_DETACH_H

#include <stdbool.h>

#include "01-kernel/base/strbuf.h"
#include "01-kernel/base/err.h"

#define CLI_DETACH_DEFAULT "ctrl-p,ctrl-q"
#define CLI_DETACH_MAX 32

struct cli_detach {
	char keys[CLI_DETACH_MAX];
	size_t n;
	size_t matched; /* keys seen so far: held back, for they may be the sequence */
};

/* "ctrl-p,ctrl-q", "a,b,c": letters, or ctrl- and one of a-z @ [ \ ] ^ _. */
int cli_detach_parse(struct cli_detach *d, const char *text, struct err *err);

/* Look through typed bytes: what is not part of the sequence goes to `out`.
 * True when the sequence was typed; what follows it is dropped. */
bool cli_detach_filter(struct cli_detach *d, const char *typed, size_t n, struct strbuf *out);

#endif
