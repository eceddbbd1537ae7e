/*
 * events_json.c - see events.h.
 */
#include "events.h"

void runc_events_stats(struct strbuf *out, const char *id, const struct kern_cgroup_report *r,
		       const json_t *rdt)
{
	AUTO_FREE char *cache = rdt ? jsonx_text(rdt) : xstrdup("{}");
	AUTO_STRBUF struct strbuf data = STRBUF_INIT;

	kern_cgroup_report_json(&data, r);
	/* One more member in front of the last bracket, and a container's network, which is not
	 * the runtime's business. */
	strbuf_addf(out, "{\"type\":\"stats\",\"id\":\"%s\",\"data\":%.*s,\"intel_rdt\":%s,"
		    "\"network_interfaces\":null}}\n", id, (int)data.len - 1, data.data, cache);
}
