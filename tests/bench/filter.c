/*
 * filter.c - the system call filter of a config.json, as an array in C, on stdout: the floor's
 * part of what 02-runc compiles (floor.c).
 *
 *     filter CONFIG.JSON >filter.h
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "02-runc/seccomp.h"

int main(int argc, char **argv)
{
	struct runc_filter f = RUNC_FILTER_INIT;
	struct err err = { .kind = ERR_NONE };
	AUTO_JSON json_t *config = NULL;

	if (argc != 2)
		return fprintf(stderr, "usage: filter CONFIG.JSON\n"), 2;
	config = jsonx_read(AT_FDCWD, argv[1], 16 << 20, &err);
	if (!config || runc_seccomp_build(jsonx_at(config, "linux.seccomp"), &f, &err))
		return fprintf(stderr, "filter: %s\n", err.msg), 1;
	printf("static const struct sock_filter filter[] = {\n");
	for (size_t i = 0; i < f.n; i++)
		printf("\t{ %#x, %u, %u, %#x },\n", f.bpf[i].code, f.bpf[i].jt, f.bpf[i].jf, f.bpf[i].k);
	printf("};\n");
	runc_seccomp_free(&f);
	return 0;
}
