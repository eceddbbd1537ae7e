/*
 * mountinfo.c - see mountinfo.h. A line looks like this; the tags between the
 * options and the single dash vary in number:
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 - ext3 /dev/root rw,errors=continue
 */
#include "mountinfo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/strbuf.h"

#define MAX_TABLE ((size_t)64 << 20)

/* Space, tab, newline and backslash stand as \040 and so on. In place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/* The next word of *line, ended by a NUL; *line moves on. NULL at the end. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " ");

	if (!*word)
		return NULL;
	*line = word + strcspn(word, " ");
	if (**line)
		*(*line)++ = '\0';
	return word;
}

static int parse_line(char *line, struct kern_mount *m)
{
	char *dash = strstr(line, " - "), *rest, *field[6];

	if (!dash)
		return -1;
	*dash = '\0';
	rest = dash + 3;
	for (int i = 0; i < 6; i++)
		if (!(field[i] = next_word(&line)))
			return -1;
	m->id = atoi(field[0]);
	m->parent = atoi(field[1]);
	unescape(field[3]);
	unescape(field[4]);
	m->root = field[3];
	m->target = field[4];
	m->options = field[5];
	m->tags = line;
	m->type = next_word(&rest);
	m->source = m->type ? next_word(&rest) : NULL;
	m->super = rest + strspn(rest, " ");
	if (!m->source)
		return -1;
	/* An empty source leaves nothing between two spaces: then what was taken
	 * for the source are the options. */
	if (!*m->super) {
		m->super = m->source;
		m->source = "";
	}
	return 0;
}

void kern_mount_table_parse(struct kern_mount_table *t, char *text)
{
	char *line, *save = NULL;
	size_t cap = 0;

	*t = (struct kern_mount_table){ .text = text };
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (t->n == cap) {
			cap = cap ? cap * 2 : 32;
			t->v = xrealloc(t->v, cap * sizeof *t->v);
		}
		if (!parse_line(line, &t->v[t->n]))
			t->n++;
	}
}

int kern_mount_table_read(struct kern_mount_table *t, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	*t = (struct kern_mount_table){ 0 };
	if (file_read(AT_FDCWD, "/proc/thread-self/mountinfo", &sb, MAX_TABLE, err))
		return err_wrap(err, "read the mount table");
	kern_mount_table_parse(t, strbuf_steal(&sb));
	return 0;
}

void kern_mount_table_free(struct kern_mount_table *t)
{
	free(t->v);
	free(t->text);
	*t = (struct kern_mount_table){ 0 };
}

int kern_mount_has_option(const char *options, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = options; *p; p += *p == ',') {
		size_t len = strcspn(p, ",");

		if (len == n && !memcmp(p, word, n))
			return 1;
		p += len;
	}
	return 0;
}
