/*
 * access.h - who may do what with which repositories. A file of lines,
 *
 *     # who       repositories   what
 *     anonymous   public-*       pull
 *     *           **             pull
 *     alice       alice-*        pull,push
 *     admin       **             pull,push,delete
 *     admin       catalog
 *
 * each of which allows something; what no line allows is forbidden, and their order is of no
 * importance. "*" is everybody who has logged in, "anonymous" everybody. In the name of a
 * repository "*" stands for any part of a component, "**" for any number of components.
 * "catalog" is the list of all repositories.
 *
 * Read again when it changes, as the passwords are. A token that was handed out is good until
 * it expires.
 */
#ifndef DOCKYARD_REG_ACCESS_H
#define DOCKYARD_REG_ACCESS_H

#include <stddef.h>

#include "01-kernel/base/err.h"

enum reg_right {
	REG_PULL = 1,
	REG_PUSH = 2,
	REG_DELETE = 4,
	REG_CATALOG = 8,
};

/* "pull", ...; 0 where it is no such word. */
unsigned reg_right_of(const char *word, size_t n);

struct reg_access;

struct reg_access *reg_access_open(const char *path, struct err *err);
void reg_access_free(struct reg_access *access);

/* What this user (NULL: nobody who logged in) may do with the repository (NULL: with the registry). */
unsigned reg_access_rights(struct reg_access *access, const char *user, const char *repository);

#endif
