/*
 * main.c - all suites of 03-containerd. Runs under tests/isolate: as root, in a
 * mount and a network namespace of its own.
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

#include "01-kernel/base/log.h"
#include "suites.h"

static suite_fn *const suites[] = {
	suite_reference, suite_content, suite_http, suite_ring, suite_unpack, suite_sparse,
	suite_hostile, suite_snapshot, suite_transfer, suite_shim_log, suite_shim_sink, suite_shim_user, suite_runtime,
	suite_events, suite_spec, suite_tasks, suite_client, suite_diff, suite_leases, suite_filter,
	suite_hosts,
};

int main(void)
{
	unsigned failures;

	log_setup("unit", 2, LOG_ERROR, 0);
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (!suites[i]()) {
			fprintf(stderr, "suite %zu: %s\n", i, CU_get_error_msg());
			return 2;
		}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
