/*
 * list.c - all suites, in the order in which they run and in which the page
 * lists what they prove.
 */
#include "conform.h"

extern const struct test document_rules[], value_rules[], operation_rules[], hook_rules[],
	process_rules[], capability_rules[], terminal_rules[], mount_rules[], option_rules[];

const struct suite suites[] = {
	{ "the document", document_rules },
	{ "valid values", value_rules },
	{ "operations", operation_rules },
	{ "hooks", hook_rules },
	{ "the process", process_rules },
	{ "capabilities", capability_rules },
	{ "terminals", terminal_rules },
	{ "mounts", mount_rules },
	{ "mount options", option_rules },
	{ NULL, NULL },
};

const struct elsewhere elsewhere[] = {
	{ NULL },
};
