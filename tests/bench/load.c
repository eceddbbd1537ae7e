/*
 * load.c - the command line of the client in load.h, and of the floor.
 *
 *     load get  PORT PATH ACCEPT CONNECTIONS SECONDS      prints body bytes received, and seconds
 *     load push PORT REPOSITORY COUNT SIZE AT_ONCE        prints seconds
 *     load serve PORT DIR                                 until it is killed
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void load_fail(const char *what)
{
	fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

double load_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "get"))
		return load_get(argv[2], argv[3], argv[4], (unsigned)atoi(argv[5]), atof(argv[6]));
	if (argc == 7 && !strcmp(argv[1], "push"))
		return load_push(argv[2], argv[3], (unsigned)atoi(argv[4]),
				 strtoul(argv[5], NULL, 10), (unsigned)atoi(argv[6]));
	if (argc == 4 && !strcmp(argv[1], "serve"))
		return load_serve(argv[2], argv[3]);
	fprintf(stderr, "usage: load get PORT PATH ACCEPT CONNECTIONS SECONDS\n"
			"       load push PORT REPOSITORY COUNT SIZE AT_ONCE\n"
			"       load serve PORT DIR\n");
	return 2;
}
