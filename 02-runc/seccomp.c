/*
 * seccomp.c - see seccomp.h. What a rule means is libseccomp's business
 * (01-kernel/seccomp.c); here the JSON is checked and handed over.
 */
#include "seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "01-kernel/base/log.h"
#include "property.h"

#define WHERE "linux.seccomp"
#define MAX_ARGS 6
#define MAX_ERRNO 4095 /* of the kernel */
#define MAX_DATA 65535 /* what a tracer can be told */

static bool is(const char *word, const char *other)
{
	return !strcmp(word, other);
}

static int need(const json_t *obj, const char *where, const char *key, struct err *err)
{
	if (json_object_get(obj, key))
		return 0;
	return err_set(err, ERR_INVALID, "%s.%s: required", where, key);
}

static int parse_arg(struct kern_seccomp_arg *arg, const json_t *obj, const char *where,
		     struct err *err)
{
	uint64_t index = 0;

	*arg = (struct kern_seccomp_arg){ .op = NULL };
	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (need(obj, where, "index", err) || need(obj, where, "value", err) ||
	    runc_prop_u64(obj, where, "index", &index, err) ||
	    runc_prop_u64(obj, where, "value", &arg->value, err) ||
	    runc_prop_u64(obj, where, "valueTwo", &arg->value_two, err) ||
	    runc_prop_need_str(obj, where, "op", &arg->op, err))
		return -1;
	if (index >= MAX_ARGS)
		return err_set(err, ERR_INVALID, "%s.index: a system call has 6 arguments", where);
	if (!kern_seccomp_word(kern_seccomp_ops, arg->op))
		return err_set(err, ERR_INVALID, "%s.op: '%s' is not a comparison", where, arg->op);
	arg->index = (unsigned)index;
	return 0;
}

static int parse_args(struct kern_seccomp_arg **args, size_t *n, const json_t *rule,
		      const char *where, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(rule, where, "args", &array, err))
		return -1;
	*args = xcalloc(json_array_size(array) + 1, sizeof **args);
	json_array_foreach(array, i, item)
		if (parse_arg(&(*args)[i], item, runc_prop_index(path, where, "args", i), err))
			return -1;
	*n = json_array_size(array);
	return 0;
}

/* An action, and the errno that goes with some of them (-1: not given). */
struct action {
	const char *name;
	int errno_ret;
};

static int parse_action(struct action *a, const json_t *obj, const char *where, const char *key,
			const char *errno_key, struct err *err)
{
	struct runc_range range = { 0, MAX_DATA };
	int64_t value = -1;

	if (runc_prop_need_str(obj, where, key, &a->name, err))
		return -1;
	if (!kern_seccomp_word(kern_seccomp_actions, a->name))
		return err_set(err, ERR_INVALID, "%s.%s: '%s' is not an action", where, key, a->name);
	if (is(a->name, "SCMP_ACT_ERRNO"))
		range.max = MAX_ERRNO;
	if (runc_prop_int(obj, where, errno_key, range, &value, NULL, err))
		return -1;
	if (value >= 0 && !is(a->name, "SCMP_ACT_ERRNO") && !is(a->name, "SCMP_ACT_TRACE"))
		return err_set(err, ERR_INVALID, "%s.%s: %s takes no errno", where, errno_key,
			       a->name);
	a->errno_ret = (int)value;
	return 0;
}

/* Init writes the listener's number while nobody can answer for it yet: notify.c. */
static int check_notify(const char *name, const char *where, size_t i, struct err *err)
{
	if (is(name, "write"))
		return err_set(err, ERR_INVALID, "%s.names[%zu]: SCMP_ACT_NOTIFY cannot be used for "
			       "the write syscall", where, i);
	return 0;
}

static int add_names(struct kern_seccomp *s, const char **names, const struct action *a,
		     const struct kern_seccomp_arg *args, size_t n, const char *where,
		     struct err *err)
{
	bool notify = is(a->name, "SCMP_ACT_NOTIFY");

	for (size_t i = 0; names[i]; i++) {
		if (!*names[i])
			return err_set(err, ERR_INVALID, "%s.names[%zu]: must not be empty", where,
				       i);
		if (notify && check_notify(names[i], where, i, err))
			return -1;
		if (kern_seccomp_rule(s, names[i], a->name, a->errno_ret, args, n, err))
			return err_wrap(err, "%s", where);
	}
	return 0;
}

static int add_rule(struct kern_seccomp *s, const json_t *rule, const char *where,
		    unsigned *flags, struct err *err)
{
	AUTO_FREE struct kern_seccomp_arg *args = NULL;
	AUTO_FREE const char **names = NULL;
	struct action a;
	size_t n = 0;

	if (!json_is_object(rule))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_strings(rule, where, "names", &names, err) ||
	    parse_action(&a, rule, where, "action", "errnoRet", err) ||
	    parse_args(&args, &n, rule, where, err))
		return -1;
	if (!names || !names[0])
		return err_set(err, ERR_INVALID, "%s.names: required and must not be empty", where);
	if (is(a.name, "SCMP_ACT_NOTIFY"))
		*flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return add_names(s, names, &a, args, n, where, err);
}

static int add_rules(struct kern_seccomp *s, const json_t *seccomp, unsigned *flags,
		     struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(seccomp, WHERE, "syscalls", &array, err))
		return -1;
	json_array_foreach(array, i, item)
		if (add_rule(s, item, runc_prop_index(path, WHERE, "syscalls", i), flags, err))
			return -1;
	return 0;
}

static int add_arches(struct kern_seccomp *s, const json_t *seccomp, struct err *err)
{
	AUTO_FREE const char **arches = NULL;

	if (runc_prop_strings(seccomp, WHERE, "architectures", &arches, err))
		return -1;
	for (size_t i = 0; arches && arches[i]; i++)
		if (kern_seccomp_arch(s, arches[i], err))
			return err_wrap(err, WHERE ".architectures[%zu]", i);
	return 0;
}

static int parse_flag(const char *name, size_t i, unsigned *flags, struct err *err)
{
	const struct kern_seccomp_word *w = kern_seccomp_word(kern_seccomp_flags, name);

	if (!w)
		return err_set(err, ERR_INVALID, WHERE ".flags[%zu]: seccomp flag %s is not known", i,
			       name);
	if (w->value == KERN_SECCOMP_WAIT_KILLABLE_RECV &&
	    !(*flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return err_set(err, ERR_INVALID, WHERE ".flags[%zu]: %s is about waiting for an "
			       "agent, and there is no rule with SCMP_ACT_NOTIFY", i, name);
	if (!kern_seccomp_flag_known(w->value))
		return err_set(err, ERR_UNSUPPORTED, WHERE ".flags[%zu]: this kernel does not know "
			       "%s", i, name);
	*flags |= w->value;
	return 0;
}

/* Not given (an empty list is): SPEC_ALLOW, as runc has it. Else the kernel turns on
 * a costly protection of programs that run code they do not trust, as browsers do. */
static int parse_flags(const json_t *seccomp, unsigned *flags, struct err *err)
{
	AUTO_FREE const char **given = NULL;

	if (runc_prop_strings(seccomp, WHERE, "flags", &given, err))
		return -1;
	if (!given && kern_seccomp_flag_known(SECCOMP_FILTER_FLAG_SPEC_ALLOW))
		*flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; given && given[i]; i++)
		if (parse_flag(given[i], i, flags, err))
			return -1;
	return 0;
}

static int compile(const json_t *seccomp, struct runc_filter *f, struct err *err)
{
	struct action a;
	struct kern_seccomp *s;
	struct sock_filter *bpf = NULL;
	size_t n = 0;
	int failed;

	if (parse_action(&a, seccomp, WHERE, "defaultAction", "defaultErrnoRet", err))
		return -1;
	if (is(a.name, "SCMP_ACT_NOTIFY"))
		return err_set(err, ERR_INVALID, WHERE ".defaultAction: SCMP_ACT_NOTIFY cannot be "
			       "used as default action");
	s = kern_seccomp_new(a.name, a.errno_ret, err);
	if (!s)
		return err_wrap(err, WHERE ".defaultAction");
	failed = add_arches(s, seccomp, err) || add_rules(s, seccomp, &f->flags, err) ||
		 parse_flags(seccomp, &f->flags, err);
	if (!failed && kern_seccomp_compile(s, &bpf, &n, err))
		failed = err_wrap(err, WHERE);
	kern_seccomp_free(s);
	if (failed)
		return -1;
	f->memory = bpf;
	f->bpf = bpf;
	f->n = n;
	return 0;
}

static int check_listener(const json_t *seccomp, unsigned flags, struct err *err)
{
	const char *path = NULL, *metadata = NULL;

	if (runc_prop_str(seccomp, WHERE, "listenerPath", &path, err) ||
	    runc_prop_str(seccomp, WHERE, "listenerMetadata", &metadata, err))
		return -1;
	if ((flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) && (!path || !*path))
		return err_set(err, ERR_INVALID, WHERE ".listenerPath: is not set, but there is a "
			       "rule with SCMP_ACT_NOTIFY");
	if (metadata && *metadata && (!path || !*path))
		return err_set(err, ERR_INVALID, WHERE ".listenerMetadata: must not be set without "
			       "listenerPath");
	return 0;
}

void runc_seccomp_listener(const json_t *seccomp, const char **path, const char **metadata)
{
	*path = json_string_value(json_object_get(seccomp, "listenerPath"));
	*metadata = json_string_value(json_object_get(seccomp, "listenerMetadata"));
}

int runc_seccomp_build(const json_t *seccomp, struct runc_filter *f, struct err *err)
{
	/* What runc takes for "none", and clients written in Go send for it. */
	if (!runc_prop_means(seccomp, "defaultAction") && !runc_prop_means(seccomp, "syscalls"))
		return 0;
	return runc_seccomp_guard(compile, seccomp, f, err) ? -1 :
	       check_listener(seccomp, f->flags, err);
}

void runc_seccomp_free(struct runc_filter *f)
{
	free(f->memory);
	*f = (struct runc_filter)RUNC_FILTER_INIT;
}
