/*
 * hook.h - hooks that write to a log: it is on the host, and those that run inside
 * reach it through a mount. As does the program.
 */
#ifndef DOCKYARD_CONFORM_HOOK_H
#define DOCKYARD_CONFORM_HOOK_H

#include "conform.h"

#define HOOK_KINDS 6
extern const char *const hook_kinds[HOOK_KINDS];

/* plain() with an empty log, which is $LOG of the program. */
json_t *logging(const char *program);
/* A hook of the kind: a shell script, whose $LOG it is too. */
void add_hook(json_t *config, const char *kind, const char *text);

char *the_log(void);
#define LOG_IS(want)                             \
	do {                                     \
		AUTO_FREE char *is_ = the_log(); \
		EQ_STR(is_, want);               \
	} while (0)

/* Kill the container `id`, and delete it without force. */
void end_it(void);

#endif
