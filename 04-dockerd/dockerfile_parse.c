/*
 * dockerfile_parse.c - see dockerfile.h: from lines to instructions.
 *
 * A line goes on in the next one where it ends in the escape character, comments and empty lines
 * in between left out. A here-document's lines are none of this: they are taken as they are, up
 * to the one that is its name.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "01-kernel/base/jsonx.h"
#include "dockerfile.h"

struct reader {
	struct dockerfile *f;
	size_t at;           /* the next line */
	bool directives;     /* nothing but directives so far */
	struct strlist seen; /* directives */
};

void instruction_free(struct instruction *i)
{
	free(i->word);
	free(i->rest);
	free(i->text);
	strlist_free(&i->flags);
	for (size_t n = 0; n < i->n_heredocs; n++) {
		free(i->heredocs[n].name);
		free(i->heredocs[n].content);
	}
	free(i->heredocs);
	*i = (struct instruction){ 0 };
}

void dockerfile_free(struct dockerfile *f)
{
	for (size_t i = 0; i < f->n; i++)
		instruction_free(&f->v[i]);
	free(f->v);
	strlist_free(&f->lines);
	strlist_free(&f->warnings);
	*f = (struct dockerfile){ 0 };
}

/* --- lines ----------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

static void trim_end(char *s)
{
	size_t n = strlen(s);

	while (n && isspace((unsigned char)s[n - 1]))
		s[--n] = '\0';
}

static bool is_comment(const char *line)
{
	return *skip_blanks(line) == '#';
}

static int split(struct dockerfile *f, const char *text, size_t n, struct err *err)
{
	AUTO_JSON json_t *utf8 = n <= DOCKERFILE_MAX ? json_stringn(text, n) : NULL;

	if (n > DOCKERFILE_MAX)
		return err_set(err, ERR_INVALID, "the Dockerfile is larger than %d bytes",
			       DOCKERFILE_MAX);
	if (memchr(text, '\0', n))
		return err_set(err, ERR_INVALID, "the Dockerfile is no text: it has a NUL in it");
	if (!utf8)
		return err_set(err, ERR_INVALID, "the Dockerfile is not UTF-8");
	if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* a byte order mark */
		text += 3;
		n -= 3;
	}
	while (n) {
		const char *nl = memchr(text, '\n', n);
		size_t len = nl ? (size_t)(nl - text) : n, shown = len;
		AUTO_FREE char *line = NULL;

		if (shown && text[shown - 1] == '\r')
			shown--;
		line = xstrndup(text, shown);
		strlist_add(&f->lines, line);
		len += nl != NULL;
		text += len;
		n -= len;
	}
	return 0;
}

/* Does the line go on? The escape character is then taken off its end. An escaped one is none. */
static bool cut_continuation(char *line, char escape)
{
	size_t n = strlen(line);

	while (n && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	if (!n || line[n - 1] != escape || (n > 1 && line[n - 2] == escape))
		return false;
	line[n - 1] = '\0';
	return true;
}

/* --- directives ------------------------------------------------------------------------------- */

static bool was_seen(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->seen.n; i++)
		if (!strcmp(r->seen.v[i], name))
			return true;
	return false;
}

/* "# escape=`", at the head of the file only. Others than these are comments, as in Docker. */
static int directive(struct reader *r, const char *line, struct err *err)
{
	static const char *const known[] = { "escape", "syntax", "check" };
	const char *p = skip_blanks(skip_blanks(line) + 1), *value;
	size_t n = strcspn(p, "= \t");

	value = skip_blanks(p + n);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		AUTO_FREE char *text = NULL;

		if (strlen(known[i]) != n || strncasecmp(p, known[i], n) || *value != '=')
			continue;
		text = xstrdup(skip_blanks(value + 1));
		trim_end(text);
		if (was_seen(r, known[i]))
			return err_set(err, ERR_INVALID, "only one %s parser directive can be used",
				       known[i]);
		strlist_add(&r->seen, known[i]);
		if (i)
			return 0; /* another front end, or its checks: there is this one only */
		if (strcmp(text, "\\") && strcmp(text, "`"))
			return err_set(err, ERR_INVALID, "invalid escape token '%.20s' does not match "
				       "` or \\", text);
		r->f->escape = *text;
		return 0;
	}
	r->directives = false;
	return 0;
}

/* --- flags --------------------------------------------------------------------------------------- */

/* One word of flags, quotes and escapes taken off. */
static const char *flag_word(const char *p, struct strbuf *word)
{
	char quote = 0;

	for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? 0 : *p;
		else if (*p == '\\' && p[1])
			strbuf_addc(word, *++p);
		else if (*p != '\\')
			strbuf_addc(word, *p);
	}
	return p;
}

static const char *take_flags(struct instruction *i, const char *rest)
{
	while (!strncmp(rest, "--", 2)) {
		AUTO_STRBUF struct strbuf word = STRBUF_INIT;

		rest = skip_blanks(flag_word(rest, &word));
		if (!strcmp(word.data ? word.data : "", "--"))
			break;
		strlist_add(&i->flags, word.data);
	}
	return rest;
}

static int fill(struct instruction *i, const char *line, struct err *err)
{
	const char *p = skip_blanks(line);
	size_t n = strcspn(p, " \t\v\f\r");

	i->text = xstrdup(p);
	trim_end(i->text);
	i->word = xstrndup(p, n);
	for (char *c = i->word; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	/* ONBUILD's flags are those of the instruction that comes behind it. */
	i->rest = xstrdup(!strcmp(i->word, "ONBUILD") ? skip_blanks(p + n)
						      : take_flags(i, skip_blanks(p + n)));
	trim_end(i->rest);
	return *i->word ? 0 : err_set(err, ERR_INVALID, "an instruction is missing");
}

int instruction_parse(const char *text, struct instruction *i, struct err *err)
{
	*i = (struct instruction){ .line = 1, .end = 1 };
	return fill(i, text, err);
}

/* --- here-documents --------------------------------------------------------------------------- */

static bool may_have_heredocs(const struct instruction *i)
{
	const char *word = i->word;

	if (!strcmp(word, "ONBUILD")) {
		word = i->rest;
		return !strncasecmp(word, "RUN", 3) || !strncasecmp(word, "COPY", 4) ||
		       !strncasecmp(word, "ADD", 3);
	}
	return !strcmp(word, "RUN") || !strcmp(word, "COPY") || !strcmp(word, "ADD");
}

/* Is this word of a line "<<NAME", "<<-NAME", "3<<'NAME'"? */
static bool heredoc_of(const char *word, struct heredoc *h, bool *chomp)
{
	AUTO_STRBUF struct strbuf name = STRBUF_INIT;

	while (isdigit((unsigned char)*word))
		word++;
	if (strncmp(word, "<<", 2))
		return false;
	word += 2;
	*chomp = *word == '-';
	word += *chomp;
	if (!*word || strchr(word, '<'))
		return false;
	h->expand = !strpbrk(word, "'\"\\");
	flag_word(word, &name);
	if (!name.len)
		return false;
	h->name = strbuf_steal(&name);
	return true;
}

static int read_heredoc(struct reader *r, struct heredoc *h, bool chomp, struct err *err)
{
	AUTO_STRBUF struct strbuf content = STRBUF_INIT;

	strbuf_adds(&content, "");
	for (; r->at < r->f->lines.n; r->at++) {
		const char *line = r->f->lines.v[r->at];

		while (chomp && *line == '\t')
			line++;
		if (!strcmp(line, h->name)) {
			r->at++;
			h->content = strbuf_steal(&content);
			return 0;
		}
		strbuf_addf(&content, "%s\n", line);
	}
	return err_set(err, ERR_INVALID, "unterminated heredoc");
}

static int take_heredocs(struct reader *r, struct instruction *i, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;

	if (!may_have_heredocs(i) || !strstr(i->rest, "<<"))
		return 0;
	dockerfile_words(i->rest, r->f->escape, &words);
	for (size_t w = 0; w < words.n; w++) {
		struct heredoc h = { 0 };
		bool chomp;

		if (!heredoc_of(words.v[w], &h, &chomp))
			continue;
		i->heredocs = xrealloc(i->heredocs, (i->n_heredocs + 1) * sizeof *i->heredocs);
		i->heredocs[i->n_heredocs++] = h;
		if (read_heredoc(r, &i->heredocs[i->n_heredocs - 1], chomp, err))
			return -1;
	}
	return 0;
}

/* --- instructions ----------------------------------------------------------------------------- */

/* The logical line that begins with `first`. */
static char *join(struct reader *r, const char *first)
{
	AUTO_STRBUF struct strbuf whole = STRBUF_INIT;
	AUTO_FREE char *piece = xstrdup(first);
	bool more = cut_continuation(piece, r->f->escape), empty = false;

	strbuf_adds(&whole, piece);
	while (more && r->at < r->f->lines.n) {
		const char *line = r->f->lines.v[r->at++];

		if (is_comment(line))
			continue;
		if (!*skip_blanks(line)) {
			empty = true;
			continue;
		}
		free(piece);
		piece = xstrdup(line);
		more = cut_continuation(piece, r->f->escape);
		strbuf_adds(&whole, piece);
	}
	if (empty)
		strlist_addf(&r->f->warnings, "[WARNING]: Empty continuation line found in:\n    %s\n",
			     whole.data);
	return strbuf_steal(&whole);
}

static int add(struct reader *r, size_t start, struct err *err)
{
	AUTO_FREE char *line = join(r, skip_blanks(r->f->lines.v[start]));
	struct dockerfile *f = r->f;
	struct instruction *i;

	if (!*skip_blanks(line))
		return 0;
	if (f->n == DOCKERFILE_LINES)
		return err_set(err, ERR_INVALID, "more than %d instructions", DOCKERFILE_LINES);
	if (!(f->n & (f->n - 1)))
		f->v = xrealloc(f->v, (f->n ? 2 * f->n : 1) * sizeof *f->v);
	i = &f->v[f->n++];
	*i = (struct instruction){ .line = (int)start + 1 };
	if (fill(i, line, err) || take_heredocs(r, i, err))
		return -1;
	i->end = (int)r->at;
	return 0;
}

static int read_all(struct reader *r, struct err *err)
{
	while (r->at < r->f->lines.n) {
		size_t start = r->at++;
		const char *line = r->f->lines.v[start];
		int rc = 0;

		if (is_comment(line)) {
			if (r->directives)
				rc = directive(r, line, err);
		} else {
			r->directives = false;
			if (*skip_blanks(line))
				rc = add(r, start, err);
		}
		if (rc)
			return err_wrap(err, "dockerfile parse error on line %zu (%.200s)", start + 1,
					skip_blanks(line));
	}
	return 0;
}

int dockerfile_parse(const char *text, size_t n, struct dockerfile *f, struct err *err)
{
	struct reader r = { .f = f, .directives = true };
	int rc;

	*f = (struct dockerfile){ .escape = '\\' };
	rc = split(f, text, n, err) || read_all(&r, err) ? -1 : 0;
	strlist_free(&r.seen);
	if (!rc && !f->n)
		rc = err_set(err, ERR_INVALID, "the Dockerfile cannot be empty");
	return rc;
}

char *dockerfile_excerpt(const struct dockerfile *f, const struct instruction *i)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	int first = i->line > 2 ? i->line - 2 : 1, last = i->end + 2;

	strbuf_adds(&out, "--------------------\n");
	for (int n = first; n <= last && n <= (int)f->lines.n; n++)
		strbuf_addf(&out, "%4d | %s %s\n", n, n >= i->line && n <= i->end ? ">>>" : "   ",
			    f->lines.v[n - 1]);
	strbuf_adds(&out, "--------------------\n");
	return strbuf_steal(&out);
}

/* --- forms -------------------------------------------------------------------------------------- */

json_t *dockerfile_exec_form(const char *rest, bool *wrong)
{
	json_t *list = *skip_blanks(rest) == '[' ? json_loads(rest, 0, NULL) : NULL, *v;
	size_t i;

	*wrong = false;
	json_array_foreach(list, i, v)
		if (!json_is_string(v)) {
			*wrong = true;
			json_decref(list);
			return NULL;
		}
	return list;
}

void dockerfile_words(const char *rest, char escape, struct strlist *out)
{
	const char *p = skip_blanks(rest);

	while (*p) {
		const char *start = p;
		AUTO_FREE char *word = NULL;
		char quote = 0;

		for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
			if (*p == escape && p[1] && quote != '\'')
				p++;
			else if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? 0 : *p;
		}
		word = xstrndup(start, (size_t)(p - start));
		strlist_add(out, word);
		p = skip_blanks(p);
	}
}

void dockerfile_list(const char *rest, char escape, struct strlist *out)
{
	bool wrong;
	AUTO_JSON json_t *list = dockerfile_exec_form(rest, &wrong);
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		strlist_add(out, json_string_value(v));
	if (!list)
		dockerfile_words(rest, escape, out);
}
