/*
 * systemd_bus.c - which systemd to ask, and how to reach it.
 *
 * There is process 1, which takes requests of root over the system bus; and for each
 * user who is logged in there is one more, for units of the user's own, on the
 * user's session bus. It has been given a part of the tree of control groups, which
 * is how a rootless container gets limits.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/userns.h"
#include "systemd.h"

#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"
#define PROCESS_1 "unix:path=/run/systemd/private" /* for root, also where no bus runs */

/* As sd_booted(3) has it. */
int runc_systemd_check(struct err *err)
{
	struct stat st;

	if (!lstat("/run/systemd/system", &st) && S_ISDIR(st.st_mode))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "systemd not running on this host, cannot use systemd "
		       "cgroups manager");
}

/* Where the user's bus listens, as an address. New; NULL if it cannot be found. */
static char *users_address(void)
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS"), *dir = getenv("XDG_RUNTIME_DIR");
	AUTO_FREE char *usual = xasprintf("/run/user/%u", getuid());
	AUTO_FREE char *socket = xasprintf("%s/bus", dir && *dir ? dir : usual);

	if (address && *address)
		return xstrdup(address);
	return access(socket, F_OK) ? NULL : xasprintf("unix:path=%s", socket);
}

/* Whose is the bus? systemd keeps all that is a user's in user-UID.slice, and that is
 * a number of the first user namespace, whatever ids look like from here. */
static bool belongs_to_root(const char *address)
{
	AUTO_DBUS struct runc_dbus bus = RUNC_DBUS_INIT;
	AUTO_STRBUF struct strbuf group = STRBUF_INIT;
	AUTO_FREE char *path = NULL;
	struct ucred peer = { .pid = 0 };
	socklen_t size = sizeof peer;
	struct err ignored;
	unsigned uid = 0;
	const char *slice;

	if (runc_dbus_open(&bus, address, false, &ignored) ||
	    getsockopt(bus.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return true;
	path = xasprintf("/proc/%d/cgroup", (int)peer.pid);
	if (file_read(AT_FDCWD, path, &group, 1 << 16, &ignored))
		return true;
	slice = strstr(group.data, "/user-");
	return !slice || sscanf(slice, "/user-%u.slice", &uid) != 1 || !uid;
}

/* Root of a user namespace may be a rootless user, or the root of a whole system in a
 * container, with a process 1 of its own. RootlessKit says which; else the bus does. */
bool runc_systemd_is_users(bool rootless)
{
	const char *user = getenv("ROOTLESSKIT_PARENT_EUID");
	AUTO_FREE char *address = NULL;

	if (!rootless || geteuid() || kern_userns_initial())
		return rootless;
	if (user && *user)
		return strtoul(user, NULL, 10) != 0;
	address = users_address();
	return address && !belongs_to_root(address);
}

static int connect_users(struct runc_dbus *bus, struct err *err)
{
	AUTO_FREE char *address = users_address();

	if (!address)
		return err_set(err, ERR_UNAVAILABLE, "cannot find the user's D-Bus: neither "
			       "DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR leads to it (is "
			       "dbus-user-session installed?)");
	return runc_dbus_open(bus, address, false, err) ? err_wrap(err, "the user's D-Bus") : 0;
}

int runc_systemd_connect(struct runc_dbus *bus, bool user, struct err *err)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	struct err second;

	if (user)
		return connect_users(bus, err);
	if (!runc_dbus_open(bus, address && *address ? address : SYSTEM_BUS, false, err))
		return 0;
	if (!address && !geteuid() && !runc_dbus_open(bus, PROCESS_1, true, &second))
		return 0;
	return err_wrap(err, "failed to connect to dbus");
}
