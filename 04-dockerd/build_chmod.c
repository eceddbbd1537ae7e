/*
 * build_chmod.c - see build.h: --chmod in letters, "u=rwX,go=rX" (chmod(1)). Where nobody is named, all are meant,
 * whatever the umask is.
 */
#include <string.h>

#include "build.h"

static mode_t who_of(const char **p)
{
	mode_t who = 0;

	for (; **p && strchr("ugoa", **p); (*p)++)
		who |= **p == 'u' ? 04700 : **p == 'g' ? 02070 : **p == 'o' ? 01007 : 07777;
	return who ? who : 07777;
}

/* For everybody; the caller masks. */
static mode_t bits_of(char letter, mode_t now, bool dir)
{
	switch (letter) {
	case 'r': return 0444;
	case 'w': return 0222;
	case 'x': return 0111;
	case 'X': return dir || (now & 0111) ? 0111 : 0;
	case 's': return 06000;
	case 't': return 01000;
	case 'u': return (now >> 6 & 7) * 0111;
	case 'g': return (now >> 3 & 7) * 0111;
	default: return (now & 7) * 0111; /* o */
	}
}

/* "g+w-x" up to a comma or the end; false: it is none. */
static bool clause(const char **p, mode_t *mode, bool dir)
{
	mode_t who = who_of(p);

	if (!**p || !strchr("+-=", **p))
		return false;
	while (**p && strchr("+-=", **p)) {
		char op = *(*p)++;
		mode_t bits = 0;

		for (; **p && strchr("rwxXstugo", **p); (*p)++)
			bits |= bits_of(**p, *mode, dir) & who;
		if (op == '=') /* what a directory's set-ID bits mean is not what is meant here */
			*mode &= ~(dir ? who & 0777 : who);
		*mode = op == '-' ? *mode & ~bits : *mode | bits;
	}
	return true;
}

bool chmod_apply(const char *text, bool dir, mode_t *mode)
{
	for (;; text++) {
		if (!clause(&text, mode, dir))
			return false;
		if (*text != ',')
			return !*text;
	}
}
