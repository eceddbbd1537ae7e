/*
 * each.c - see each.h.
 */
#include "each.h"

#include <pthread.h>
#include <stdio.h>

#include "01-kernel/base/trace.h"

#define AT_ONCE 50

struct task {
	pthread_t thread;
	struct cli_api api; /* the host is borrowed from the CLI's; the connection is its own */
	const char *name;
	cli_one one;
	const void *context;
	int rc;
	struct err err;
};

static void *perform(void *argument)
{
	struct task *t = argument;

	t->rc = t->one(&t->api, t->name, t->context, &t->err);
	return NULL;
}

static void finish(struct task *t, bool forced, struct cli_failures *failures)
{
	if (!t->rc)
		puts(t->name);
	else if (t->err.kind == ERR_NONE)
		; /* it was not there, and that is nothing to speak of */
	else if (forced && t->err.kind == ERR_NOT_FOUND)
		cli_complain("%s", t->err.msg);
	else
		cli_failures_add(failures, &t->err);
	if (t->api.easy)
		curl_easy_cleanup(t->api.easy);
}

static int each(struct cli *cli, char **names, int n, cli_one one, const void *context, bool forced,
		struct err *err)
{
	struct cli_failures failures = CLI_FAILURES_INIT;

	if (cli_api_negotiate(&cli->api, err))
		return -1;
	for (int done = 0; done < n; done += AT_ONCE) {
		int count = n - done < AT_ONCE ? n - done : AT_ONCE;
		AUTO_FREE struct task *tasks = xcalloc((size_t)count, sizeof *tasks);

		for (int i = 0; i < count; i++) {
			struct task *t = &tasks[i];
			*t = (struct task){ .api = cli->api, .name = names[done + i], .one = one, .context = context };
			t->api.easy = NULL;
			if (trace_thread(&t->thread, NULL, perform, t)) {
				perform(t); /* no thread to be had: one after the other then */
				t->thread = pthread_self();
			}
		}
		for (int i = 0; i < count; i++) {
			if (!pthread_equal(tasks[i].thread, pthread_self()))
				pthread_join(tasks[i].thread, NULL);
			finish(&tasks[i], forced, &failures);
		}
	}
	cli_failures_end(&failures, cli);
	return 0;
}

int cli_each(struct cli *cli, char **names, int n, cli_one one, const void *context, struct err *err)
{
	return each(cli, names, n, one, context, false, err);
}

int cli_each_forced(struct cli *cli, char **names, int n, cli_one one, const void *context,
		    struct err *err)
{
	return each(cli, names, n, one, context, true, err);
}

int cli_post_container(struct cli_api *api, const char *name, const void *tail, struct err *err)
{
	AUTO_FREE char *path = cli_api_path("containers", name, tail, err);

	return path ? cli_api_post(api, path, err) : -1;
}
