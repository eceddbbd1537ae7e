/*
 * monitor.h - keeping the table in step with containerd.
 */
#ifndef DOCKYARD_DOCKERD_MONITOR_H
#define DOCKYARD_DOCKERD_MONITOR_H

#include "daemon.h"

/* Compare the table with containerd's tasks and make good what differs: adopt what runs,
 * record exits that nobody saw, delete tasks that nobody owns. */
int dockerd_reconcile(struct daemon *d, struct err *err);

/* After the first reconcile: start what a restart policy wants started with the daemon. */
void dockerd_boot_restarts(struct daemon *d);

int dockerd_monitor_start(struct daemon *d, struct err *err);
/* The daemon is marked as stopping and its calls to containerd are cancelled. */
void dockerd_monitor_join(struct daemon *d);

#endif
