/*
 * unpack_sparse.c - files with holes, in the four ways in which GNU tar has written them
 * (its manual, "Storing Sparse Files"). In all of them the archive holds the pieces that are no
 * holes one behind the other, and a map says where each belongs:
 *
 *   type 'S'   four pieces in the header itself, more in blocks behind it
 *   pax 0.0    a pair of records, GNU.sparse.offset and GNU.sparse.numbytes, for each piece
 *   pax 0.1    one record, GNU.sparse.map
 *   pax 1.0    at the beginning of the data, as text
 *
 * A map is used only after tar_sparse_check: pieces in order, inside the file, and together as
 * long as the data.
 */
#include "unpack_private.h"

#include <stdlib.h>
#include <string.h>

#define PIECES_MAX (1u << 18)
#define BLOCK 512

/* Type 'S': how the header's end and the blocks behind it look. */
struct gnu_piece {
	char offset[12], size[12];
};
#define GNU_PIECES_AT 386
#define GNU_MORE_AT 482
#define GNU_SIZE_AT 483
#define GNU_BLOCK_MORE_AT 504

void tar_sparse_clear(struct tar_sparse *s)
{
	free(s->name);
	free(s->pieces);
	memset(s, 0, sizeof(*s));
}

static int add_piece(struct tar_sparse *s, uint64_t offset, uint64_t size, struct err *err)
{
	if (s->n == PIECES_MAX)
		return err_set(err, ERR_CORRUPT, "sparse file of more than %u pieces", PIECES_MAX);
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->pieces = xrealloc(s->pieces, s->cap * sizeof(*s->pieces));
	}
	s->pieces[s->n++] = (struct tar_piece){ offset, size };
	return 0;
}

/* --- pax -------------------------------------------------------------------------------- */

/* Numbers alternate: an offset, then the size that makes it a piece. */
static int add_number(struct tar_sparse *s, bool offset, const char *text, struct err *err)
{
	uint64_t value;

	if (tar_decimal(text, &value, err))
		return -1;
	if (offset == s->half)
		return err_set(err, ERR_CORRUPT, "malformed map of a sparse file");
	s->half = offset;
	if (!offset)
		return add_piece(s, s->offset, value, err);
	s->offset = value;
	return 0;
}

static int add_list(struct tar_sparse *s, const char *text, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *rest = copy, *number;

	while ((number = strsep(&rest, ",")))
		if (add_number(s, !s->half, number, err))
			return -1;
	return 0;
}

int tar_sparse_record(struct tar_sparse *s, const char *key, const char *value, struct err *err)
{
	s->used = true;
	if (!strcmp(key, "name")) {
		free(s->name);
		s->name = xstrdup(value);
	} else if (!strcmp(key, "size") || !strcmp(key, "realsize")) {
		return tar_decimal(value, &s->size, err);
	} else if (!strcmp(key, "major")) {
		s->map_in_data = !strcmp(value, "1");
	} else if (!strcmp(key, "map")) {
		return add_list(s, value, err);
	} else if (!strcmp(key, "offset") || !strcmp(key, "numbytes")) {
		return add_number(s, *key == 'o', value, err);
	}
	return 0; /* numblocks: the pieces are counted anyway */
}

/* --- the map in the data: lines of decimal digits, a count and as many pairs ------------------- */

struct map_text {
	char line[32];
	size_t len;
	uint64_t left; /* numbers still to come */
	bool counted;
};

static int end_line(struct tar_sparse *s, struct map_text *t, struct err *err)
{
	t->line[t->len] = '\0';
	t->len = 0;
	if (t->counted) {
		t->left--;
		return add_number(s, !s->half, t->line, err);
	}
	t->counted = true;
	if (tar_decimal(t->line, &t->left, err))
		return -1;
	if (t->left > PIECES_MAX)
		return err_set(err, ERR_CORRUPT, "sparse file of more than %u pieces", PIECES_MAX);
	t->left *= 2;
	return 0;
}

static int parse_block(struct tar_sparse *s, struct map_text *t, const char *block, struct err *err)
{
	for (size_t i = 0; i < BLOCK && (t->left || !t->counted); i++) {
		if (block[i] == '\n') {
			if (end_line(s, t, err))
				return -1;
		} else if (t->len + 1 < sizeof(t->line)) {
			t->line[t->len++] = block[i];
		} else {
			return err_set(err, ERR_CORRUPT, "malformed map of a sparse file");
		}
	}
	return 0;
}

int tar_sparse_data(struct tar_sparse *s, struct layer_stream *st, uint64_t *stored, struct err *err)
{
	struct map_text t = { .len = 0 };
	char block[BLOCK];
	size_t got;

	while (t.left || !t.counted) {
		if (*stored < BLOCK)
			return err_set(err, ERR_CORRUPT, "the map of a sparse file is cut off");
		if (layer_stream_read(st, block, BLOCK, &got, err))
			return -1;
		if (!got)
			return err_set(err, ERR_CORRUPT, "the archive ends in the middle of an entry");
		*stored -= BLOCK;
		if (parse_block(s, &t, block, err))
			return -1;
	}
	return 0;
}

/* --- type 'S' ------------------------------------------------------------------------------------ */

/* At most n pieces; an empty field ends them. */
static int gnu_pieces(struct tar_sparse *s, const char *at, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct gnu_piece p;
		int64_t offset, size;

		memcpy(&p, at + i * sizeof(p), sizeof(p));
		if (!p.offset[0])
			return 0;
		if (tar_number(p.offset, sizeof(p.offset), &offset, err) ||
		    tar_number(p.size, sizeof(p.size), &size, err))
			return -1;
		if (offset < 0 || size < 0)
			return err_set(err, ERR_CORRUPT, "negative number in a sparse file's map");
		if (add_piece(s, (uint64_t)offset, (uint64_t)size, err))
			return -1;
	}
	return 0;
}

int tar_sparse_gnu(struct tar_sparse *s, const char *header, struct layer_stream *st, struct err *err)
{
	bool more = header[GNU_MORE_AT];
	char block[BLOCK];
	int64_t size;
	size_t got;

	s->used = true;
	if (tar_number(header + GNU_SIZE_AT, 12, &size, err) ||
	    gnu_pieces(s, header + GNU_PIECES_AT, 4, err))
		return -1;
	if (size < 0)
		return err_set(err, ERR_CORRUPT, "negative size in a tar header");
	s->size = (uint64_t)size;
	while (more) {
		if (layer_stream_read(st, block, BLOCK, &got, err))
			return -1;
		if (!got)
			return err_set(err, ERR_CORRUPT, "the archive ends in the middle of an entry");
		if (gnu_pieces(s, block, GNU_BLOCK_MORE_AT / sizeof(struct gnu_piece), err))
			return -1;
		more = block[GNU_BLOCK_MORE_AT];
		if (more && !block[0]) /* else a row of empty blocks would go on for ever */
			return err_set(err, ERR_CORRUPT, "malformed map of a sparse file");
	}
	return 0;
}

/* ------------------------------------------------------------------------------------------------- */

int tar_sparse_check(const struct tar_sparse *s, uint64_t stored, struct err *err)
{
	uint64_t end = 0, sum = 0;

	if (s->half || s->size > INT64_MAX)
		return err_set(err, ERR_CORRUPT, "malformed map of a sparse file");
	for (size_t i = 0; i < s->n; i++) {
		const struct tar_piece *p = &s->pieces[i];

		if (p->offset < end || p->offset > s->size || p->size > s->size - p->offset)
			return err_set(err, ERR_CORRUPT,
				       "the pieces of a sparse file overlap or lie behind its end");
		end = p->offset + p->size;
		sum += p->size;
	}
	return sum == stored ? 0 : err_set(err, ERR_CORRUPT,
					   "the map of a sparse file speaks of %llu bytes, and there are %llu",
					   (unsigned long long)sum, (unsigned long long)stored);
}
