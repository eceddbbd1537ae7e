/*
 * seccomp.c - see seccomp.h. What a rule means is libseccomp's business
 * (01-kernel/seccomp.c); here the JSON is checked and handed over.
 */
#include "seccomp.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "config.h"
#include "property.h"

#define MAX_ARGS 6
#define FILTER_LIMIT (sizeof(unsigned) + BPF_MAXINSNS * sizeof(struct sock_filter))

static int parse_arg(struct kern_seccomp_arg *arg, const json_t *obj, const char *where,
		     struct err *err)
{
	uint64_t index = 0;

	*arg = (struct kern_seccomp_arg){ .op = NULL };
	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_u64(obj, where, "index", &index, err) ||
	    runc_prop_u64(obj, where, "value", &arg->value, err) ||
	    runc_prop_u64(obj, where, "valueTwo", &arg->value_two, err) ||
	    runc_prop_need_str(obj, where, "op", &arg->op, err))
		return -1;
	if (index >= MAX_ARGS)
		return err_set(err, ERR_INVALID, "%s.index: a system call has 6 arguments", where);
	arg->index = (unsigned)index;
	return 0;
}

static int parse_args(struct kern_seccomp_arg args[MAX_ARGS], size_t *n, const json_t *rule,
		      const char *where, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(rule, where, "args", &array, err))
		return -1;
	if (json_array_size(array) > MAX_ARGS)
		return err_set(err, ERR_INVALID, "%s.args: more than 6", where);
	json_array_foreach(array, i, item)
		if (parse_arg(&args[i], item, runc_prop_index(path, where, "args", i), err))
			return -1;
	*n = json_array_size(array);
	return 0;
}

static int errno_ret(const json_t *obj, const char *where, const char *key, int *ret,
		     struct err *err)
{
	const struct runc_range range = { 0, 4095 };
	int64_t value = -1;

	if (runc_prop_int(obj, where, key, range, &value, NULL, err))
		return -1;
	*ret = (int)value;
	return 0;
}

static int check_action(const char *action, const char *where, struct err *err)
{
	if (!strcmp(action, "SCMP_ACT_NOTIFY"))
		return err_set(err, ERR_UNSUPPORTED, "%s: SCMP_ACT_NOTIFY is not supported by "
			       "this runtime", where);
	return 0;
}

/* Does any of these arguments name the same one twice? libseccomp takes each
 * once per rule; runc makes such a rule several, any of which may match. */
static bool repeats(const struct kern_seccomp_arg *args, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (args[i].index == args[j].index)
				return true;
	return false;
}

static int add_rule(struct kern_seccomp *s, const json_t *rule, const char *where,
		    const char *default_action, struct err *err)
{
	struct kern_seccomp_arg args[MAX_ARGS];
	AUTO_FREE const char **names = NULL;
	const char *action = NULL;
	size_t n = 0;
	int ret = -1;

	if (!json_is_object(rule))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_strings(rule, where, "names", &names, err) ||
	    runc_prop_need_str(rule, where, "action", &action, err) ||
	    errno_ret(rule, where, "errnoRet", &ret, err) ||
	    parse_args(args, &n, rule, where, err) || check_action(action, where, err))
		return -1;
	if (!names || !names[0])
		return err_set(err, ERR_INVALID, "%s.names: required and must not be empty", where);
	if (!strcmp(action, default_action) && ret < 0)
		return 0; /* says what is so anyway; libseccomp would refuse it */
	for (size_t i = 0; names[i]; i++) {
		size_t step = repeats(args, n) ? 1 : n;
		size_t done = 0;

		do {
			if (kern_seccomp_rule(s, names[i], action, ret, args + done, step, err))
				return err_wrap(err, "%s: %s", where, names[i]);
			done += step;
		} while (done < n);
	}
	return 0;
}

static int add_rules(struct kern_seccomp *s, const json_t *seccomp, const char *default_action,
		     struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(seccomp, "linux.seccomp", "syscalls", &array, err))
		return -1;
	json_array_foreach(array, i, item)
		if (add_rule(s, item, runc_prop_index(path, "linux.seccomp", "syscalls", i),
			     default_action, err))
			return -1;
	return 0;
}

static int add_arches(struct kern_seccomp *s, const json_t *seccomp, struct err *err)
{
	AUTO_FREE const char **arches = NULL;

	if (runc_prop_strings(seccomp, "linux.seccomp", "architectures", &arches, err))
		return -1;
	for (size_t i = 0; arches && arches[i]; i++)
		if (kern_seccomp_arch(s, arches[i], err))
			return err_wrap(err, "linux.seccomp.architectures[%zu]", i);
	return 0;
}

static int parse_flags(const json_t *seccomp, unsigned *flags, struct err *err)
{
	static const struct { const char *word; unsigned flag; } words[] = {
		{ "SECCOMP_FILTER_FLAG_TSYNC", 0 }, /* we have one thread */
		{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
		{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	};
	AUTO_FREE const char **given = NULL;

	if (runc_prop_strings(seccomp, "linux.seccomp", "flags", &given, err))
		return -1;
	for (size_t i = 0; given && given[i]; i++) {
		size_t w = 0;

		while (w < sizeof words / sizeof *words && strcmp(words[w].word, given[i]))
			w++;
		if (w == sizeof words / sizeof *words)
			return err_set(err, ERR_UNSUPPORTED, "linux.seccomp.flags[%zu]: '%s' is "
				       "not supported by this runtime", i, given[i]);
		*flags |= words[w].flag;
	}
	return 0;
}

static int build(struct kern_seccomp *s, const json_t *seccomp, const char *default_action,
		 struct runc_filter *f, struct err *err)
{
	return add_arches(s, seccomp, err) || add_rules(s, seccomp, default_action, err) ||
	       kern_seccomp_compile(s, &f->bpf, &f->n, err) ? -1 : 0;
}

static int compile(const json_t *seccomp, struct runc_filter *f, struct err *err)
{
	static const char *const unsupported[] = { "listenerPath", "listenerMetadata", NULL };
	const char *action = NULL;
	struct kern_seccomp *s;
	int ret = -1, failed;

	if (runc_prop_refuse(seccomp, "linux.seccomp", unsupported, err) ||
	    runc_prop_need_str(seccomp, "linux.seccomp", "defaultAction", &action, err) ||
	    check_action(action, "linux.seccomp.defaultAction", err) ||
	    errno_ret(seccomp, "linux.seccomp", "defaultErrnoRet", &ret, err) ||
	    parse_flags(seccomp, &f->flags, err))
		return -1;
	s = kern_seccomp_new(action, ret, err);
	if (!s)
		return err_wrap(err, "linux.seccomp.defaultAction");
	failed = build(s, seccomp, action, f, err);
	kern_seccomp_free(s);
	return failed;
}

int runc_seccomp_build(const json_t *seccomp, struct runc_filter *f, struct err *err)
{
	if (!seccomp || runc_seccomp_recall(seccomp, f))
		return 0;
	if (runc_seccomp_guard(compile, seccomp, f, err))
		return -1;
	runc_seccomp_remember(seccomp, f);
	return 0;
}

int runc_seccomp_save(const struct runc_filter *f, int dir, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	if (!f->n)
		return 0;
	strbuf_add(&sb, &f->flags, sizeof f->flags);
	strbuf_add(&sb, f->bpf, f->n * sizeof *f->bpf);
	return file_write_volatile(dir, "seccomp.bpf", sb.data, sb.len, 0600, err);
}

int runc_seccomp_load(struct runc_filter *f, int dir, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	size_t size;

	if (file_read(dir, "seccomp.bpf", &sb, FILTER_LIMIT, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	size = sb.len - sizeof f->flags;
	if (sb.len <= sizeof f->flags || size % sizeof *f->bpf)
		return err_set(err, ERR_CORRUPT, "seccomp.bpf: %zu bytes are not a filter", sb.len);
	memcpy(&f->flags, sb.data, sizeof f->flags);
	f->bpf = xmalloc(size);
	memcpy(f->bpf, sb.data + sizeof f->flags, size);
	f->n = size / sizeof *f->bpf;
	return 0;
}

void runc_seccomp_free(struct runc_filter *f)
{
	free(f->bpf);
	*f = (struct runc_filter)RUNC_FILTER_INIT;
}
