/*
 * events.h - the words in which `events` speaks: those of runc, whose users read
 * them (containerd's shims, monitoring agents).
 */
#ifndef DOCKYARD_RUNC_EVENTS_H
#define DOCKYARD_RUNC_EVENTS_H

#include "01-kernel/base/jsonx.h"
#include "01-kernel/cgroup_report.h"

/* One line: {"type":"stats","id":ID,"data":{...}}. `rdt` is what there is to say of Intel
 * RDT, an object, or NULL. */
void runc_events_stats(struct strbuf *out, const char *id, const struct kern_cgroup_report *r,
		       const json_t *rdt);

/* duration.c: "1m30s", "100ms", as Go reads durations; in nanoseconds. */
int runc_duration_parse(const char *text, int64_t *ns);

#endif
