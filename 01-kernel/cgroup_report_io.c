/*
 * cgroup_report_io.c - what a group has read from and written to block devices.
 *
 * Version 2 has one file, a line per device. On version 1 it depends on the
 * scheduler which files there are: BFQ's with its debugging built in, BFQ's, those
 * of CFQ (before Linux 5.0), the throttling layer's; the first set that has
 * something to say is it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_private.h"
#include "cgroup_report.h"

static void add(struct kern_cgroup_report *r, enum kern_cgroup_io_table t, uint64_t major,
		uint64_t minor, const char *op, uint64_t value)
{
	struct kern_cgroup_io_count c = { .major = major, .minor = minor, .value = value };

	snprintf(c.op, sizeof c.op, "%s", op);
	r->io[t].v = xrealloc(r->io[t].v, (r->io[t].n + 1) * sizeof c);
	r->io[t].v[r->io[t].n++] = c;
}

/* ---- version 1 ---- */

/* "8:0 Read 4096", "8:0 17", and at the end "Total 4096". */
static void parse_v1(struct kern_cgroup_report *r, enum kern_cgroup_io_table t, char *text)
{
	unsigned long long major, minor, value;
	char *save = NULL, op[16];

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%llu:%llu %15[A-Za-z] %llu", &major, &minor, op, &value) == 4)
			add(r, t, major, minor, op, value);
		else if (sscanf(line, "%llu:%llu %llu", &major, &minor, &value) == 3)
			add(r, t, major, minor, "", value);
	}
}

struct io_file {
	const char *name;
	enum kern_cgroup_io_table table;
};

/* True if the files are there and the first of them is not empty. */
static bool read_set(const char *dir, const struct io_file *set, struct kern_cgroup_report *r)
{
	for (size_t i = 0; set[i].name; i++) {
		AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
		struct err ignored;

		if (cgroup_read(dir, set[i].name, &sb, &ignored))
			return i > 0;
		parse_v1(r, set[i].table, sb.data);
		if (!i && !r->io[set[i].table].n)
			return false;
	}
	return true;
}

static void io_v1(const char *dir, struct kern_cgroup_report *r)
{
	static const struct io_file sets[][9] = {
		{ { "blkio.bfq.sectors_recursive", KERN_IO_SECTORS },
		  { "blkio.bfq.io_service_time_recursive", KERN_IO_SERVICE_TIME },
		  { "blkio.bfq.io_wait_time_recursive", KERN_IO_WAIT_TIME },
		  { "blkio.bfq.io_merged_recursive", KERN_IO_MERGED },
		  { "blkio.bfq.io_queued_recursive", KERN_IO_QUEUED },
		  { "blkio.bfq.time_recursive", KERN_IO_TIME },
		  { "blkio.bfq.io_serviced_recursive", KERN_IO_SERVICED },
		  { "blkio.bfq.io_service_bytes_recursive", KERN_IO_SERVICE_BYTES } },
		{ { "blkio.bfq.io_serviced_recursive", KERN_IO_SERVICED },
		  { "blkio.bfq.io_service_bytes_recursive", KERN_IO_SERVICE_BYTES } },
		{ { "blkio.sectors_recursive", KERN_IO_SECTORS },
		  { "blkio.io_service_time_recursive", KERN_IO_SERVICE_TIME },
		  { "blkio.io_wait_time_recursive", KERN_IO_WAIT_TIME },
		  { "blkio.io_merged_recursive", KERN_IO_MERGED },
		  { "blkio.io_queued_recursive", KERN_IO_QUEUED },
		  { "blkio.time_recursive", KERN_IO_TIME },
		  { "blkio.io_serviced_recursive", KERN_IO_SERVICED },
		  { "blkio.io_service_bytes_recursive", KERN_IO_SERVICE_BYTES } },
		{ { "blkio.throttle.io_serviced_recursive", KERN_IO_SERVICED },
		  { "blkio.throttle.io_service_bytes_recursive", KERN_IO_SERVICE_BYTES } },
		{ { "blkio.throttle.io_serviced", KERN_IO_SERVICED },
		  { "blkio.throttle.io_service_bytes", KERN_IO_SERVICE_BYTES } },
	};

	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		if (read_set(dir, sets[i], r))
			return;
}

/* ---- version 2 ---- */

/* "8:0 rbytes=90112 wbytes=0 rios=22 wios=0 dbytes=0 dios=0": into the tables of
 * version 1, as far as those know them. */
static void parse_v2(struct kern_cgroup_report *r, char *line)
{
	static const struct { const char *key; enum kern_cgroup_io_table table; const char *op; }
	keys[] = {
		{ "rbytes=", KERN_IO_SERVICE_BYTES, "Read" },
		{ "wbytes=", KERN_IO_SERVICE_BYTES, "Write" },
		{ "rios=", KERN_IO_SERVICED, "Read" }, { "wios=", KERN_IO_SERVICED, "Write" },
	};
	unsigned long long major, minor;
	char *save = NULL;

	if (sscanf(line, "%llu:%llu ", &major, &minor) != 2)
		return;
	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save))
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			if (str_starts(w, keys[i].key))
				add(r, keys[i].table, major, minor, keys[i].op,
				    strtoull(w + strlen(keys[i].key), NULL, 10));
}

static void io_v2(const char *dir, struct kern_cgroup_report *r)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	char *save = NULL;

	if (cgroup_read(dir, "io.stat", &sb, &ignored))
		return;
	for (char *line = strtok_r(sb.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		parse_v2(r, line);
}

void kern_cgroup_report_io(const struct kern_cgroup *cg, struct kern_cgroup_report *r)
{
	const char *v1 = cgroup_dir_of(cg, "blkio"), *v2 = cgroup_v2_dir(cg);

	if (v1)
		io_v1(v1, r);
	else if (v2)
		io_v2(v2, r);
}
