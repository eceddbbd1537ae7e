/*
 * systemd.c - a unit for a container: made, changed and stopped; see systemd.h.
 *
 * systemd answers a request at once with a *job*, and signals JobRemoved when it is
 * done with it, and how. A unit that has failed stays known under its name until
 * somebody says ResetFailedUnit, so a new one of that name may have to say it first.
 */
#include "systemd.h"

#include <signal.h>
#include <string.h>

#include "01-kernel/base/log.h"
#include "container.h"

#define MANAGER "org.freedesktop.systemd1.Manager"

static struct runc_dbus_message method(const char *member, const char *signature)
{
	return (struct runc_dbus_message){
		.destination = "org.freedesktop.systemd1", .path = "/org/freedesktop/systemd1",
		.interface = MANAGER, .member = member, .signature = signature,
	};
}

/* ---- properties of systemd itself ---------------------------------------- */

/* New, or NULL. */
static char *manager_property(struct runc_dbus *bus, const char *name, struct err *err)
{
	struct runc_dbus_message get = method("Get", "ss"), reply;
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;
	const char *value = "";
	char *copy;

	get.interface = "org.freedesktop.DBus.Properties";
	runc_dbus_put_text(&body, 's', MANAGER);
	runc_dbus_put_text(&body, 's', name);
	if (runc_dbus_call(bus, &get, &body, &reply, err)) {
		err_wrap(err, "systemd's %s", name);
		return NULL;
	}
	copy = runc_dbus_read(&reply, err, "v", &value) ? NULL : xstrdup(value);
	runc_dbus_message_free(&reply);
	return copy;
}

/* "252.38-1~deb12u1", "v239". */
static int get_traits(struct runc_dbus *bus, struct runc_systemd_traits *t, struct err *err)
{
	AUTO_FREE char *version = manager_property(bus, "Version", err);

	if (!version)
		return -1;
	t->v2 = kern_cgroup_version() == KERN_CGROUP_V2;
	t->version = (int)strtol(version + strcspn(version, "0123456789"), NULL, 10);
	return 0;
}

/* ---- jobs ---------------------------------------------------------------- */

static int watch_jobs(struct runc_dbus *bus, const char *unit, struct err *err)
{
	AUTO_FREE char *rule = xasprintf("type='signal',sender='org.freedesktop.systemd1',interface='"
					 MANAGER "',member='JobRemoved',arg2='%s'", unit);

	return runc_dbus_match(bus, rule, err);
}

/* Is this the signal for the job? Then how it ended. */
static bool is_end_of(struct runc_dbus_message *m, const char *job, const char **result)
{
	const char *path, *unit;
	struct err ignored;
	uint32_t number;

	return !strcmp(m->member, "JobRemoved") &&
	       !runc_dbus_read(m, &ignored, "uoss", &number, &path, &unit, result) &&
	       !strcmp(path, job);
}

static int await_end(struct runc_dbus *bus, const char *job, struct err *err)
{
	int64_t deadline = runc_dbus_now() + bus->timeout_ms;
	bool ended = false;
	int failed = 0;

	while (!ended) {
		struct runc_dbus_message *m = runc_dbus_signal(bus, deadline, err);
		const char *result = "";

		if (!m)
			return err_wrap(err, "the end of systemd's job");
		ended = is_end_of(m, job, &result);
		if (ended && strcmp(result, "done"))
			failed = err_set(err, ERR_SYSTEM, "systemd's job ended with '%s'", result);
		runc_dbus_message_free(m);
		free(m);
	}
	return failed;
}

/* Call a method that answers with a job, and wait for that. */
static int do_job(struct runc_dbus *bus, const struct runc_dbus_message *call,
		  const struct strbuf *body, bool *begun, struct err *err)
{
	struct runc_dbus_message reply;
	const char *job;
	int failed;

	if (runc_dbus_call(bus, call, body, &reply, err))
		return -1;
	*begun = true;
	failed = runc_dbus_read(&reply, err, "o", &job) || await_end(bus, job, err);
	runc_dbus_message_free(&reply);
	return failed ? -1 : 0;
}

static void reset_failed(struct runc_dbus *bus, const char *unit)
{
	struct runc_dbus_message call = method("ResetFailedUnit", "s");
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;
	struct err ignored;

	runc_dbus_put_text(&body, 's', unit);
	if (runc_dbus_call(bus, &call, &body, NULL, &ignored))
		log_debug("reset unit %s: %s", unit, ignored.msg);
}

/* ---- create -------------------------------------------------------------- */

/* What the unit is, whatever its limits. Accounting is always on, as it is in groups
 * made by hand. */
static void put_unit(struct strbuf *body, const struct runc_unit *u, bool v2)
{
	const char *accounting[] = { "MemoryAccounting", "CPUAccounting", "TasksAccounting",
				     v2 ? "IOAccounting" : "BlockIOAccounting" };
	AUTO_FREE char *description = xasprintf("libcontainer container %s", u->title);

	runc_systemd_put_text(body, "Description", description);
	if (runc_unit_is_slice(u)) {
		runc_systemd_put_texts(body, "Wants", u->slice);
	} else {
		runc_systemd_put_text(body, "Slice", u->slice);
		/* What is below the group is the container's: systemd shall not touch it. */
		runc_systemd_put_number(body, "Delegate", 'b', true);
	}
	for (size_t i = 0; i < sizeof accounting / sizeof *accounting; i++)
		runc_systemd_put_number(body, accounting[i], 'b', true);
	/* Else a shutdown would stop it in no order to the daemon that looks after it. */
	runc_systemd_put_number(body, "DefaultDependencies", 'b', false);
}

/* All of the request but the pid. */
static int put_request(struct runc_systemd *s, const struct runc_config *c,
		       const struct runc_systemd_traits *traits, struct err *err)
{
	AUTO_FREE struct kern_cgroup_device *rules = NULL;
	struct strbuf *body = &s->request;
	size_t n_rules;

	runc_dbus_put_text(body, 's', s->unit.name);
	runc_dbus_put_text(body, 's', "replace");
	s->properties = runc_dbus_open_array(body, '(');
	put_unit(body, &s->unit, traits->v2);
	if (runc_systemd_put_annotations(body, c->annotations, err))
		return -1;
	runc_systemd_put_oom_policy(body, &c->resources.limits, traits);
	rules = runc_cgroup_device_rules(&c->resources, &n_rules);
	runc_systemd_put_devices(body, rules, n_rules, traits->v2);
	return runc_systemd_put_limits(body, &c->resources.limits, traits, err);
}

/* The user's systemd has its units below its own group; process 1 in the root. */
static char *unit_path(struct runc_systemd *s, struct err *err)
{
	AUTO_FREE char *path = runc_unit_path(&s->unit, err), *above = NULL;

	if (path && s->unit.user)
		above = manager_property(&s->bus, "ControlGroup", err);
	if (!path || (s->unit.user && !above))
		return NULL;
	return xasprintf("%s%s", above ? above : "", path);
}

int runc_systemd_prepare(struct runc_systemd *s, struct runc_config *c, const char *id,
			 bool rootless, struct err *err)
{
	struct runc_systemd_traits traits;

	if (runc_systemd_check(err))
		return -1;
	s->unit.user = runc_systemd_is_users(rootless);
	if (s->unit.user && kern_cgroup_version() != KERN_CGROUP_V2)
		return err_set(err, ERR_UNSUPPORTED, "cannot use rootless systemd cgroups manager on "
			       "cgroup v1");
	if (runc_unit_parse(&s->unit, c->cgroups_path, id, err) ||
	    runc_systemd_connect(&s->bus, s->unit.user, err) || get_traits(&s->bus, &traits, err))
		return -1;
	runc_systemd_adapt(&c->resources.limits, &traits);
	s->cgroup = unit_path(s, err);
	return s->cgroup ? put_request(s, c, &traits, err) : -1;
}

int runc_systemd_start(struct runc_systemd *s, pid_t pid, struct err *err)
{
	struct runc_dbus_message start = method("StartTransientUnit", "ssa(sv)a(sa(sv))");
	int failed;

	runc_systemd_put_pid(&s->request, pid);
	runc_dbus_close_array(&s->request, s->properties);
	runc_dbus_close_array(&s->request, runc_dbus_open_array(&s->request, '('));
	failed = watch_jobs(&s->bus, s->unit.name, err) ||
		 do_job(&s->bus, &start, &s->request, &s->started, err);
	if (failed && err->kind == ERR_EXISTS) { /* one that has failed, perhaps */
		reset_failed(&s->bus, s->unit.name);
		failed = do_job(&s->bus, &start, &s->request, &s->started, err);
	}
	runc_dbus_close(&s->bus); /* we may live as long as the container */
	return failed ? err_wrap(err, "unable to apply cgroup configuration: unable to start unit \"%s\"",
				 s->unit.name) : 0;
}

void runc_systemd_free(struct runc_systemd *s)
{
	runc_dbus_close(&s->bus);
	runc_unit_free(&s->unit);
	strbuf_free(&s->request);
	free(s->cgroup);
	s->cgroup = NULL;
}

/* ---- update and delete --------------------------------------------------- */

int runc_systemd_update(const struct runc_unit *u, struct kern_cgroup_limits *l, struct err *err)
{
	struct runc_dbus_message set = method("SetUnitProperties", "sba(sv)");
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;
	AUTO_DBUS struct runc_dbus bus = RUNC_DBUS_INIT;
	struct runc_systemd_traits traits;
	struct runc_dbus_array properties;

	if (runc_systemd_check(err) || runc_systemd_connect(&bus, u->user, err) ||
	    get_traits(&bus, &traits, err))
		return -1;
	runc_systemd_adapt(l, &traits);
	runc_dbus_put_text(&body, 's', u->name);
	runc_dbus_put_number(&body, 'b', true); /* until the unit is gone, not on disk */
	properties = runc_dbus_open_array(&body, '(');
	if (runc_systemd_put_limits(&body, l, &traits, err))
		return -1;
	runc_dbus_close_array(&body, properties);
	return runc_dbus_call(&bus, &set, &body, NULL, err) ?
	       err_wrap(err, "unable to set unit properties") : 0;
}

int runc_systemd_end(const struct runc_unit *u, struct kern_cgroup *cg, struct err *err)
{
	struct runc_dbus_message stop = method("StopUnit", "ss");
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;
	AUTO_DBUS struct runc_dbus bus = RUNC_DBUS_INIT;
	bool begun = false;

	if (cg && kern_cgroup_kill(cg, SIGKILL, err))
		log_debug("%s", err->msg);
	if (runc_systemd_check(err) || runc_systemd_connect(&bus, u->user, err) ||
	    watch_jobs(&bus, u->name, err))
		return -1;
	runc_dbus_put_text(&body, 's', u->name);
	runc_dbus_put_text(&body, 's', "replace");
	/* A scope ends by itself with its last process: then there is none of that name. */
	if (do_job(&bus, &stop, &body, &begun, err) && err->kind == ERR_TIMEOUT)
		return err_wrap(err, "stop unit %s", u->name);
	reset_failed(&bus, u->name);
	return 0;
}
