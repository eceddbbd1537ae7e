/*
 * caps.h - capabilities(7): names, sets, and dropping them.
 */
#ifndef DOCKYARD_CAPS_H
#define DOCKYARD_CAPS_H

#include <stdint.h>

#include "base/err.h"

/* Bit n stands for capability n. */
struct kern_caps {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

/* "CAP_NET_ADMIN" or "net_admin", any case, to its number; -1 if unknown. */
int kern_caps_parse(const char *name);
const char *kern_caps_name(int cap); /* "CAP_NET_ADMIN", or NULL past the last */
uint64_t kern_caps_all(void);        /* every capability that this kernel knows */

/* Drop from the bounding set what is not in caps->bounding. Before setuid. */
int kern_caps_bound(const struct kern_caps *caps, struct err *err);

/* Set effective, permitted, inheritable, then ambient. After setuid, with
 * PR_SET_KEEPCAPS on before it. Bits outside kern_caps_all() are ignored. */
int kern_caps_apply(const struct kern_caps *caps, struct err *err);

int kern_caps_get(struct kern_caps *caps, struct err *err);
/* Less than that, for fewer calls: what is permitted to us, and which of `caps` the
 * bounding set has. */
uint64_t kern_caps_permitted(void);
uint64_t kern_caps_bounded(uint64_t caps);
int kern_no_new_privs(struct err *err);

#endif
