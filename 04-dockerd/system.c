/*
 * system.c - what the daemon says about itself: _ping, version, info; and what
 * it says it is not: a swarm.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/cgroup.h"
#include "api.h"
#include "events.h"
#include "images.h"
#include "network.h"
#include "reload.h"
#include "runtimes.h"

/* Go's names, which the API uses. */
static const char *go_arch(const char *machine)
{
	if (!strcmp(machine, "x86_64"))
		return "amd64";
	return strcmp(machine, "aarch64") ? machine : "arm64";
}

/* --- ping, version ------------------------------------------------------------------- */

static int get_ping(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)req;
	(void)daemon;
	(void)err;
	http_reply_header(rep, "Cache-Control", "no-cache, no-store, must-revalidate");
	http_reply_header(rep, "Pragma", "no-cache");
	http_reply_header(rep, "Swarm", "inactive");
	http_reply_header(rep, "Builder-Version", "1"); /* the classic one: not BuildKit */
	http_reply_bytes(rep, 200, "text/plain; charset=utf-8", "OK", 2);
	return 0;
}

static int get_version(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct daemon *d = daemon;
	AUTO_JSON json_t *ctrd = ctrd_call(d->ctrd, "GET", "/v1/version", NULL, err);
	struct utsname u;
	json_t *engine, *doc;

	(void)req;
	uname(&u);
	engine = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "ApiVersion", API_VERSION,
			   "MinAPIVersion", API_VERSION_MIN, "Arch", go_arch(u.machine), "Os",
			   "linux", "KernelVersion", u.release, "Experimental", "false");
	doc = json_pack("{s:{s:s}, s:[{s:s, s:s, s:o}, {s:s, s:s, s:{}}]}", "Platform", "Name",
			"Dockyard", "Components", "Name", "Engine", "Version", DOCKERD_VERSION,
			"Details", engine, "Name", "containerd", "Version",
			jsonx_str(ctrd, "version", "unreachable"), "Details");
	json_object_update_new(doc, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "Version",
					      DOCKERD_VERSION, "ApiVersion", API_VERSION,
					      "MinAPIVersion", API_VERSION_MIN, "GitCommit", "",
					      "GoVersion", "", "Os", "linux", "Arch",
					      go_arch(u.machine), "KernelVersion", u.release));
	json_object_set_new(doc, "BuildTime", json_string(""));
	http_reply_json(rep, 200, doc);
	return 0;
}

/* --- info -------------------------------------------------------------------------------- */

static json_t *os_name(const char *key)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	char *save = NULL;
	struct err ignored;
	size_t n = strlen(key);

	if (file_read(AT_FDCWD, "/etc/os-release", &sb, 1 << 16, &ignored))
		return json_string("Linux");
	for (char *l = strtok_r(sb.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, key, n) || l[n] != '=')
			continue;
		l += n + 1;
		l += *l == '"';
		return json_stringn(l, strcspn(l, "\""));
	}
	return json_string("");
}

static void count_containers(struct daemon *d, json_t *doc)
{
	json_int_t all = 0, running = 0, paused = 0;

	dockerd_lock(d);
	for (struct container *c = d->containers; c; c = c->next) {
		all++;
		paused += c->st.running && c->st.paused;
		running += c->st.running && !c->st.paused;
	}
	dockerd_unlock(d);
	json_object_update_new(doc, json_pack("{s:I, s:I, s:I, s:I}", "Containers", all,
					      "ContainersRunning", running, "ContainersPaused",
					      paused, "ContainersStopped", all - running - paused));
}

static json_int_t count_images(struct daemon *d)
{
	struct err ignored;
	AUTO_JSON json_t *none = json_object(), *list = dockerd_image_summaries(d, none, &ignored);

	return (json_int_t)json_array_size(list);
}

static json_t *registry_config(struct daemon *d)
{
	AUTO_JSON json_t *insecure = dockerd_insecure(d);
	json_t *mirrors = dockerd_mirrors(d), *v;
	json_t *index = json_pack("{s:{s:s, s:O, s:b, s:b}}", "docker.io", "Name", "docker.io",
				  "Mirrors", mirrors, "Secure", 1, "Official", 1);
	size_t i;

	json_array_foreach(insecure, i, v)
		json_object_set_new(index, json_string_value(v),
				    json_pack("{s:O, s:[], s:b, s:b}", "Name", v, "Mirrors",
					      "Secure", 0, "Official", 0));
	return json_pack("{s:[], s:o, s:o}", "InsecureRegistryCIDRs", "IndexConfigs", index,
			 "Mirrors", mirrors);
}

static json_int_t open_files(void)
{
	AUTO_CLOSEDIR DIR *dir = opendir("/proc/self/fd");
	json_int_t n = 0;

	while (dir && readdir(dir))
		n++;
	return n > 3 ? n - 3 : 0; /* ".", ".." and the one we look through */
}

/* What does not work here as it would on Docker's favourite machine. */
static json_t *warnings(struct daemon *d)
{
	json_t *out = json_array();

	if (!d->net->builtin[NET_BRIDGE]->link[0])
		json_array_append_new(out,
				      json_string("WARNING: there is no default bridge network"));
	for (size_t i = 0; i < d->cfg->hosts.n; i++)
		if (str_starts(d->cfg->hosts.v[i], "tcp://") && !d->cfg->tls)
			json_array_append_new(out,
					      json_sprintf("WARNING: API is accessible on %s "
							   "without encryption.\n"
							   "         Access to the remote API is "
							   "equivalent to root access on the host.",
							   d->cfg->hosts.v[i]));
	if (json_array_size(out))
		return out;
	json_decref(out);
	return json_null();
}

static json_t *machine(void)
{
	enum kern_cgroup_version version = kern_cgroup_version();
	char now[TIME_TEXT_SIZE], name[65] = "";
	struct utsname u;

	uname(&u);
	gethostname(name, sizeof name - 1);
	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:i, s:I, s:s, s:s, s:s, s:s}", "KernelVersion",
			 u.release, "OperatingSystem", os_name("PRETTY_NAME"), "OSVersion",
			 os_name("VERSION_ID"), "OSType", "linux", "Architecture", u.machine,
			 "NCPU", (int)sysconf(_SC_NPROCESSORS_ONLN), "MemTotal",
			 (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGE_SIZE), "Name", name,
			 "SystemTime", time_now_text(now), "CgroupDriver", "cgroupfs",
			 "CgroupVersion", version == KERN_CGROUP_V2 ? "2" : "1");
}

static json_t *abilities(void)
{
	static const char *const yes[] = { "MemoryLimit", "SwapLimit",	    "CpuCfsPeriod",
					   "CpuCfsQuota", "CPUShares",	    "CPUSet",
					   "PidsLimit",	  "IPv4Forwarding", "LiveRestoreEnabled",
					   NULL };
	static const char *const no[] = { "BridgeNfIptables", "BridgeNfIp6tables", "OomKillDisable",
					  "ExperimentalBuild", NULL };
	json_t *out = json_object();

	for (size_t i = 0; yes[i]; i++)
		json_object_set_new(out, yes[i], json_true());
	for (size_t i = 0; no[i]; i++)
		json_object_set_new(out, no[i], json_false());
	return out;
}

/* The same on every machine. */
static const char constants[] =
	"{\"Driver\":\"overlayfs\",\"DriverStatus\":[[\"driver-type\",\"io.containerd.snapshotter.v1\"]],"
	"\"Plugins\":{\"Volume\":[\"local\"],\"Network\":[\"bridge\",\"host\",\"ipvlan\",\"macvlan\",\"null\"],"
	"\"Authorization\":null,\"Log\":[\"journald\",\"json-file\",\"local\",\"syslog\"]},"
	"\"InitBinary\":\"docker-init\","
	"\"IndexServerAddress\":\"https://index.docker.io/v1/\","
	"\"SecurityOptions\":[\"name=seccomp,profile=builtin\"],"
	"\"GenericResources\":null,\"Isolation\":\"\",\"HttpProxy\":\"\",\"HttpsProxy\":\"\",\"NoProxy\":\"\","
	"\"ContainerdCommit\":{\"ID\":\"\",\"Expected\":\"\"},"
	"\"RuncCommit\":{\"ID\":\"\",\"Expected\":\"\"},\"InitCommit\":{\"ID\":\"\",\"Expected\":\"\"},"
	"\"Swarm\":{\"NodeID\":\"\",\"NodeAddr\":\"\",\"LocalNodeState\":\"inactive\","
	"\"ControlAvailable\":false,\"Error\":\"\",\"RemoteManagers\":null}}";

/* What came and went with the API's versions. */
static void by_version(json_t *doc, const struct daemon *d, int minor)
{
	static const char *const commits[] = { "ContainerdCommit", "RuncCommit", "InitCommit" };
	static const char *const lists[] = { "AllowNondistributableArtifactsCIDRs",
					     "AllowNondistributableArtifactsHostnames" };

	if (minor < 42)
		json_object_update_new(doc, json_pack("{s:b, s:b}", "KernelMemory", 0,
						      "KernelMemoryTCP", 0));
	if (minor >= 44)
		json_object_set_new(doc, "CDISpecDirs", json_array());
	if (minor >= 46)
		json_object_set_new(doc, "Containerd",
				    json_pack("{s:s, s:{s:s, s:s}}", "Address", d->cfg->containerd,
					      "Namespaces", "Containers", d->cfg->namespace_,
					      "Plugins", ""));
	for (size_t i = 0; i < 2 && minor < 49; i++)
		json_object_set_new(json_object_get(doc, "RegistryConfig"), lists[i],
				    minor < 48 ? json_array() : json_null());
	for (size_t i = 0; i < 3 && minor >= 49; i++)
		json_object_del(json_object_get(doc, commits[i]), "Expected");
	if (minor >= 49)
		json_object_set_new(doc, "FirewallBackend", json_pack("{s:s}", "Driver", "nftables"));
	if (minor >= 50) {
		json_object_del(doc, "BridgeNfIptables");
		json_object_del(doc, "BridgeNfIp6tables");
	}
}

/* Those that were asked for, not Docker's own. */
static void add_address_pools(const struct daemon *d, json_t *doc)
{
	const struct ipam_pools *pools = &d->net->pools;
	json_t *list = d->cfg->address_pools.n ? json_array() : NULL;

	for (size_t i = 0; list && i < pools->n; i++) {
		char base[ADDR_TEXT_SIZE];

		json_array_append_new(list, json_pack("{s:s, s:i}", "Base",
						      dockerd_addr_prefix_text(&pools->v[i].base, base),
						      "Size", (int)pools->v[i].size));
	}
	if (list)
		json_object_set_new(doc, "DefaultAddressPools", list);
}

static int get_info(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct daemon *d = daemon;
	json_t *doc =
		json_pack("{s:s, s:I, s:s, s:s, s:b, s:I, s:i, s:I, s:o, s:o}", "ID", d->id,
			  "Images", count_images(d), "DockerRootDir", d->cfg->data_root,
			  "ServerVersion", DOCKERD_VERSION, "Debug",
			  dockerd_is_debug(d), "NFd", open_files(), "NGoroutines",
			  0, "NEventsListener", (json_int_t)dockerd_events_listeners(d->events),
			  "RegistryConfig", registry_config(d), "Warnings", warnings(d));

	(void)err;
	count_containers(d, doc);
	json_object_update_new(doc, machine());
	json_object_update_new(doc, abilities());
	json_object_update_new(doc, json_loads(constants, 0, NULL));
	json_object_set_new(doc, "LoggingDriver", json_string(d->cfg->log_driver));
	json_object_set_new(doc, "Labels", jsonx_strings(&d->cfg->labels));
	if (d->cfg->no_new_privileges)
		json_array_append_new(json_object_get(doc, "SecurityOptions"),
				      json_string("name=no-new-privileges"));
	json_object_update_new(doc, dockerd_runtimes_info(d));
	add_address_pools(d, doc);
	by_version(doc, d, dockerd_api_minor(req));
	http_reply_json(rep, 200, doc);
	return 0;
}

/* --- swarm and plugins ------------------------------------------------------------------------ */

static int no_swarm(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)req;
	(void)rep;
	(void)daemon;
	return err_set(err, ERR_UNAVAILABLE,
		       "This node is not a swarm manager. Use \"docker swarm init\" or \"docker "
		       "swarm join\" to connect this node to swarm and try again.");
}

static int no_plugins(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	(void)req;
	(void)daemon;
	(void)err;
	http_reply_json(rep, 200, json_array());
	return 0;
}

static int no_plugin(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)rep;
	(void)daemon;
	return err_set(err, ERR_NOT_FOUND, "plugin \"%s\" not found", http_param(req, "name"));
}

/* Volumes of a cluster alone can be changed. */
static int no_cluster_volume(struct http_request *req, struct http_reply *rep, void *daemon,
			     struct err *err)
{
	(void)req;
	(void)rep;
	(void)daemon;
	return err_set(err, ERR_UNAVAILABLE,
		       "volume update only valid for cluster volumes, but swarm is unavailable");
}

static int not_experimental(struct http_request *req, struct http_reply *rep, void *daemon,
			    struct err *err)
{
	(void)req;
	(void)rep;
	(void)daemon;
	return err_set(err, ERR_UNSUPPORTED,
		       "This experimental feature is disabled by default. Start the Docker daemon in "
		       "experimental mode in order to enable it.");
}

/* What Docker can and this daemon cannot: told apart from what does not exist. */
static int not_here(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)rep;
	(void)daemon;
	return err_set(err, ERR_UNSUPPORTED, "%s %s is not supported by this daemon",
		       http_method(req), http_path(req));
}

const struct http_route dockerd_system_routes[] = {
	{ "GET", "/_ping", get_ping },
	{ "GET", "/version", get_version },
	{ "GET", "/info", get_info },
	{ "GET", "/plugins", no_plugins },
	{ "GET", "/plugins/privileges", not_here },
	{ "POST", "/plugins/pull", not_here },
	{ "POST", "/plugins/create", not_here },
	{ "GET", "/plugins/{name...}/json", no_plugin },
	{ "POST", "/plugins/{name...}/enable", no_plugin },
	{ "POST", "/plugins/{name...}/disable", no_plugin },
	{ "POST", "/plugins/{name...}/set", no_plugin },
	{ "POST", "/plugins/{name...}/push", no_plugin },
	{ "POST", "/plugins/{name...}/upgrade", no_plugin },
	{ "DELETE", "/plugins/{name...}", no_plugin },
	{ "PUT", "/volumes/{name}", no_cluster_volume },
	{ "GET", "/containers/{id}/checkpoints", not_experimental },
	{ "POST", "/containers/{id}/checkpoints", not_experimental },
	{ "DELETE", "/containers/{id}/checkpoints/{checkpoint}", not_experimental },
	{ "GET", "/swarm", no_swarm },
	{ "GET", "/swarm/unlockkey", no_swarm },
	{ "POST", "/swarm/{verb}", no_swarm },
	{ "GET", "/services", no_swarm },
	{ "GET", "/services/{rest...}", no_swarm },
	{ "POST", "/services/{rest...}", no_swarm },
	{ "DELETE", "/services/{rest...}", no_swarm },
	{ "GET", "/nodes", no_swarm },
	{ "GET", "/nodes/{rest...}", no_swarm },
	{ "POST", "/nodes/{rest...}", no_swarm },
	{ "DELETE", "/nodes/{rest...}", no_swarm },
	{ "GET", "/tasks", no_swarm },
	{ "GET", "/tasks/{rest...}", no_swarm },
	{ "GET", "/secrets", no_swarm },
	{ "GET", "/secrets/{rest...}", no_swarm },
	{ "POST", "/secrets/{rest...}", no_swarm },
	{ "DELETE", "/secrets/{rest...}", no_swarm },
	{ "GET", "/configs", no_swarm },
	{ "GET", "/configs/{rest...}", no_swarm },
	{ "POST", "/configs/{rest...}", no_swarm },
	{ "DELETE", "/configs/{rest...}", no_swarm },
	{ "POST", "/session", not_here },
	{ "POST", "/grpc", not_here },
	{ "POST", "/build/cancel", not_here },
	{ NULL },
};
