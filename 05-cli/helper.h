/*
 * helper.h - docker-credential-NAME, a program that keeps passwords.
 */
#ifndef DOCKYARD_CLI_HELPER_H
#define DOCKYARD_CLI_HELPER_H

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* Run "docker-credential-NAME VERB" (get, store, erase, list) with `input` on its
 * stdin; its output is appended. A program that fails says why on stdout: then
 * -1, with that. ERR_NOT_FOUND: it has no credentials for what was asked. */
int cli_helper_run(const char *name, const char *verb, const char *input, struct strbuf *out, struct err *err);

#endif
