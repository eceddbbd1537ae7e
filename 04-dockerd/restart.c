/*
 * restart.c - see restart.h.
 */
#include "restart.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"

bool dockerd_restart_wanted(const json_t *policy, int exit_code, bool stopped_by_hand, int restarts)
{
	const char *name = jsonx_str(policy, "Name", "");
	json_int_t max = jsonx_int(policy, "MaximumRetryCount", 0);

	if (stopped_by_hand)
		return false;
	if (!strcmp(name, "always") || !strcmp(name, "unless-stopped"))
		return true;
	return !strcmp(name, "on-failure") && exit_code != 0 && (!max || restarts < max);
}

bool dockerd_restart_at_boot(const json_t *policy, bool stopped_by_hand)
{
	const char *name = jsonx_str(policy, "Name", "");

	return !strcmp(name, "always") || (!strcmp(name, "unless-stopped") && !stopped_by_hand);
}

unsigned dockerd_restart_delay(unsigned last, long ran_ms)
{
	if (!last || ran_ms >= RESTART_SETTLED_MS)
		return RESTART_FIRST_MS;
	return last * 2 > RESTART_LAST_MS ? RESTART_LAST_MS : last * 2;
}
