/*
 * kernel.c - `kernel VERB …`: each facility of this stage by hand.
 *
 * The verbs stand in the order in which a container is made.
 */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

static const struct kern_cmd *const verbs[] = {
	&kern_cmd_ns,   &kern_cmd_enter,   &kern_cmd_cgroup, &kern_cmd_overlay,
	&kern_cmd_path, &kern_cmd_pivot,   &kern_cmd_caps,   &kern_cmd_seccomp,
	&kern_cmd_bridge, &kern_cmd_veth,  &kern_cmd_nft,    &kern_cmd_tty,
};
#define VERBS (sizeof verbs / sizeof *verbs)

static void list(FILE *to)
{
	fputs("usage: kernel VERB [OPTIONS] [-- COMMAND...]\n\n", to);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(to, "  %-8s %s\n", verbs[i]->name, verbs[i]->shows);
	fputs("\n`kernel VERB --help` shows a verb's options.\n", to);
}

static const struct kern_cmd *find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct kern_cmd *cmd;
	struct err err = { 0 };
	int rc;

	if (argc < 2 || !strcmp(argv[1], "help") || !strcmp(argv[1], "--help")) {
		list(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	cmd = find(argv[1]);
	if (!cmd) {
		fprintf(stderr, "kernel: '%s' is not a verb; `kernel help` lists them\n", argv[1]);
		return 2;
	}
	if (argc > 2 && !strcmp(argv[2], "--help")) {
		printf("usage: kernel %s %s\n\n%s\n", cmd->name, cmd->usage, cmd->shows);
		return 0;
	}
	rc = cmd->run(argc - 1, argv + 1, &err);
	if (rc >= 0)
		return rc;
	fprintf(stderr, "kernel: %s\n", err.msg);
	return kern_cmd_exit_code(err.kind);
}
