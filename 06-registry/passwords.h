/*
 * passwords.h - who may log in: the lines of a file that Apache's htpasswd makes.
 *
 *     htpasswd -nB alice            alice:$2y$05$...
 *
 * Only bcrypt is taken, as Docker's registry does: the other kinds that htpasswd knows are
 * guessed millions of times a second by whoever gets at the file. bcrypt is slow on purpose, and
 * Basic sends the password with each of the 128 requests of a push; so a password that was right
 * is remembered for some minutes, not as such but as a keyed hash of it, and only so many are
 * computed at a time: strangers who guess cost half of the processors, and not all.
 *
 * The file is read again when it changes; one that has become wrong is reported, and the last
 * good edition stays.
 */
#ifndef DOCKYARD_REG_PASSWORDS_H
#define DOCKYARD_REG_PASSWORDS_H

#include <stdbool.h>

#include "01-kernel/base/err.h"

struct reg_passwords;

struct reg_passwords *reg_passwords_open(const char *path, struct err *err);
void reg_passwords_free(struct reg_passwords *p);

/* Is it the user's? UNAUTHORIZED; TOOMANYREQUESTS where too many ask at a time. */
int reg_password_check(struct reg_passwords *p, const char *user, const char *password,
		       struct err *err);

/* Something that changes when the user's password does, and says nothing of it; what outlives a
 * request is tied to that. False: no such user. */
#define REG_PASSWORD_MARK 33
bool reg_password_mark(struct reg_passwords *p, const char *user, char out[REG_PASSWORD_MARK]);

#endif
