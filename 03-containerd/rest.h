/*
 * rest.h - what containerd gives back when it has nothing to do.
 */
#ifndef DOCKYARD_CTRD_REST_H
#define DOCKYARD_CTRD_REST_H

/* After the start, and after work that took much memory. Safe at any time. */
void ctrd_rest(void);

#endif
