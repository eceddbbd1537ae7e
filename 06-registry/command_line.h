/*
 * command_line.h - the registry's command line, read: which flags there are, and which go together.
 */
#ifndef DOCKYARD_REG_COMMAND_LINE_H
#define DOCKYARD_REG_COMMAND_LINE_H

#include "gc.h"
#include "server.h"

struct command_line {
	struct reg_server_options server;
	struct reg_gc_options gc;
	bool serving, for_gc; /* there is a flag that only this command has */
	char **args;          /* what is no flag, NULL at its end */
	int n_args;
};

/* 0: go on; 1: all that there is to say is said (--help); -1: it is wrong, and why is said. */
int command_line_read(int argc, char **argv, struct command_line *line);

/* Say what is wrong (NULL: that was said), and where to read how it is done; always -1. */
int command_line_wrong(const char *what);

#endif
