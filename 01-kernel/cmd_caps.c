/*
 * cmd_caps.c - `kernel caps`: show the capability sets, or run a command with
 * fewer. What is dropped leaves the bounding set too, so that executing a
 * set-user-ID program does not bring it back (capabilities(7)).
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "caps.h"
#include "cmd.h"

static int add_names(const char *list, uint64_t *set, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(list);
	char *save = NULL;

	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		int cap = kern_caps_parse(name);

		if (!strcmp(name, "all"))
			*set |= kern_caps_all();
		else if (cap < 0)
			return err_set(err, ERR_INVALID, "'%s' is not a capability", name);
		else
			*set |= UINT64_C(1) << cap;
	}
	return 0;
}

static void show(const char *title, uint64_t set)
{
	printf("%-12s", title);
	if (set == kern_caps_all())
		printf(" all");
	for (int cap = 0; set != kern_caps_all() && kern_caps_name(cap); cap++)
		if (set >> cap & 1)
			printf(" %s", kern_caps_name(cap));
	putchar('\n');
}

static int show_all(struct err *err)
{
	struct kern_caps c;

	if (kern_caps_get(&c, err))
		return -1;
	show("bounding", c.bounding);
	show("permitted", c.permitted);
	show("effective", c.effective);
	show("inheritable", c.inheritable);
	show("ambient", c.ambient);
	return 0;
}

static int run(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "drop", required_argument, NULL, 'd' }, { "keep", required_argument, NULL, 'k' }, { 0 },
	};
	uint64_t drop = 0, keep = 0, left;
	struct kern_caps c;
	int opt;

	if (argc == 1)
		return show_all(err);
	optind = 0;
	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == '?')
			return kern_cmd_usage(&kern_cmd_caps, err);
		if (add_names(optarg, opt == 'd' ? &drop : &keep, err))
			return -1;
		if (opt == 'k')
			drop |= kern_caps_all();
	}
	if (kern_caps_get(&c, err))
		return -1;
	left = c.permitted & (~drop | keep);
	c = (struct kern_caps){ .bounding = left, .effective = left, .permitted = left };
	if (kern_caps_bound(&c, err) || kern_caps_apply(&c, err))
		return -1;
	return kern_cmd_exec(kern_cmd_words(argc, argv, optind), err);
}

const struct kern_cmd kern_cmd_caps = {
	"caps", "[--drop NAME,...|all] [--keep NAME,...] [-- COMMAND...]",
	"show the capability sets, or run a command with fewer (capabilities(7))", run,
};
