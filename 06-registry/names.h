/*
 * names.h - what a client may call things, and where the name leads on disk.
 *
 * Everything from the network that becomes part of a path passes through here
 * first: a repository's name, a tag, a digest, an upload's identifier.
 */
#ifndef DOCKYARD_REG_NAMES_H
#define DOCKYARD_REG_NAMES_H

#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

#define REG_NAME_MAX 255
#define REG_TAG_MAX 128
#define REG_UUID_SIZE 37

bool reg_name_valid(const char *name);
bool reg_tag_valid(const char *tag);
bool reg_uuid_valid(const char *uuid);
void reg_uuid_new(char out[REG_UUID_SIZE]);

/* The same, as errors of the specification. */
int reg_name_check(const char *name, struct err *err);
int reg_digest_check(const char *digest, struct err *err);

/* The directory of a repository below repositories/, and back: see names.c. The
 * caller frees; reg_name_of_dir is NULL where a directory is no repository's. */
char *reg_dir_of_name(const char *name);
char *reg_name_of_dir(const char *dir);
/* "sha256:<hex>" below a directory: "<dir>/sha256/<hex>". The caller frees. */
char *reg_path_of_digest(const char *dir, const char *digest);

#endif
