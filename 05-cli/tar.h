/*
 * tar.h - archives as the API carries files: POSIX ustar, with pax records for
 * what does not fit (pax(1), "ustar Interchange Format", "pax Extended Header").
 *
 * Writing makes the blocks of one entry; its data, and zeros up to the next 512,
 * are the caller's to write. Reading is a machine fed with whatever has come,
 * as the daemon's answer comes in pieces. It keeps one header and the records in
 * front of it, and never an entry's data: so a hostile archive costs nothing.
 */
#ifndef DOCKYARD_CLI_TAR_H
#define DOCKYARD_CLI_TAR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

#define CLI_TAR_BLOCK 512

struct cli_tar_entry {
	char type;   /* '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' directory, '6' pipe */
	char *name, *link;
	mode_t mode; /* permissions alone */
	uid_t uid;
	gid_t gid;
	uint64_t size;
	int64_t mtime;
	unsigned major, minor;
};

/* Append the entry's header; and the two empty blocks that end an archive. */
void cli_tar_header(struct strbuf *out, const struct cli_tar_entry *entry);
void cli_tar_end(struct strbuf *out);
/* Append a small file: its header, the data, and the zeros. */
void cli_tar_file(struct strbuf *out, const char *name, mode_t mode, const char *data, size_t n);
/* How many zeros follow `size` bytes of data. */
size_t cli_tar_padding(uint64_t size);

struct cli_tar_reader {
	/* An entry begins, then its data comes, in pieces; `entry` (borrowed) is
	 * valid during the call. -1 with err ends the reading. */
	int (*begin)(void *context, const struct cli_tar_entry *entry, struct err *err);
	int (*data)(void *context, const char *data, size_t n, struct err *err);
	int (*end)(void *context, struct err *err);
	void *context;
	/* private */
	unsigned char header[CLI_TAR_BLOCK];
	size_t got;         /* of the header */
	uint64_t left;      /* of the data */
	size_t padding;     /* after it */
	bool inside, over;  /* an entry of the caller's; after the last one */
	char kind;          /* of records: 'x', 'L', 'K'; 0: none */
	struct strbuf records;
	struct cli_tar_entry next; /* what the records said of the entry that follows */
	bool has_size, has_mtime;
};

int cli_tar_feed(struct cli_tar_reader *r, const char *data, size_t n, struct err *err);
/* At the end of the stream: was it whole? Frees what is held. */
int cli_tar_finish(struct cli_tar_reader *r, struct err *err);

/* A zip archive in memory, as the same calls of begin, data and end. */
bool cli_zip_is(const char *data, size_t n);
int cli_zip_read(const char *data, size_t n, const struct cli_tar_reader *to, struct err *err);

#endif
