/*
 * shape.c - see shape.h.
 *
 * A struct is an object that has every field of its type, in Go's order, and under the name "", which no
 * template can say, what it is: { "type", "pointer", "json" (what the daemon said) }.
 */
#include "shape.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "list.h"
#include "value.h"

/* "Name:type" or "Name=JSON's name:type". A type is s(tring), i(nteger), b(ool), t(ime), d(uration), "?" whatever there is,
 * [type a list, {type a map, *type a pointer, or the name of one of these. "+Name": the fields of a struct
 * that is embedded are at hand without its name, and in JSON they are the outer one's. */
static const struct shape {
	const char *name, *fields;
} shapes[] = {
	{ "container.InspectResponse",
	  "+ContainerJSONBase:*container.ContainerJSONBase Mounts:[container.MountPoint Config:*container.Config "
	  "NetworkSettings:*container.NetworkSettings ImageManifestDescriptor:?" },
	{ "container.ContainerJSONBase",
	  "ID=Id:s Created:s Path:s Args:[s State:*container.State Image:s ResolvConfPath:s HostnamePath:s HostsPath:s "
	  "LogPath:s Name:s RestartCount:i Driver:s Platform:s MountLabel:s ProcessLabel:s AppArmorProfile:s ExecIDs:[s "
	  "HostConfig:*container.HostConfig GraphDriver:storage.DriverData SizeRw:? SizeRootFs:?" },
	{ "container.State", "Status:s Running:b Paused:b Restarting:b OOMKilled:b Dead:b Pid:i ExitCode:i Error:s StartedAt:s "
			     "FinishedAt:s Health:*container.Health" },
	{ "container.Health", "Status:s FailingStreak:i Log:[*container.HealthcheckResult" },
	{ "container.HealthcheckResult", "Start:t End:t ExitCode:i Output:s" },
	{ "container.MountPoint", "Type:s Name:s Source:s Destination:s Driver:s Mode:s RW:b Propagation:s" },
	{ "container.Config",
	  "Hostname:s Domainname:s User:s AttachStdin:b AttachStdout:b AttachStderr:b ExposedPorts:{struct Tty:b OpenStdin:b "
	  "StdinOnce:b Env:[s Cmd:[s Healthcheck:*v1.HealthcheckConfig ArgsEscaped:b Image:s Volumes:{struct WorkingDir:s "
	  "Entrypoint:[s NetworkDisabled:b MacAddress:s OnBuild:[s Labels:{s StopSignal:s StopTimeout:? Shell:[s" },
	{ "struct", "" },
	{ "v1.HealthcheckConfig", "Test:[s Interval:d Timeout:d StartPeriod:d StartInterval:d Retries:i" },
	{ "container.HostConfig",
	  "Binds:[s ContainerIDFile:s LogConfig:container.LogConfig NetworkMode:s PortBindings:{[nat.PortBinding "
	  "RestartPolicy:container.RestartPolicy AutoRemove:b VolumeDriver:s VolumesFrom:[s ConsoleSize:[i Annotations:{s "
	  "CapAdd:[s CapDrop:[s CgroupnsMode:s DNS=Dns:[s DNSOptions=DnsOptions:[s DNSSearch=DnsSearch:[s ExtraHosts:[s "
	  "GroupAdd:[s IpcMode:s Cgroup:s Links:[s OomScoreAdj:i PidMode:s Privileged:b PublishAllPorts:b ReadonlyRootfs:b "
	  "SecurityOpt:[s StorageOpt:{s Tmpfs:{s UTSMode:s UsernsMode:s ShmSize:i Sysctls:{s Runtime:s Isolation:s "
	  "+Resources:container.Resources Mounts:[mount.Mount MaskedPaths:[s ReadonlyPaths:[s Init:?" },
	{ "container.LogConfig", "Type:s Config:{s" },
	{ "container.RestartPolicy", "Name:s MaximumRetryCount:i" },
	{ "nat.PortBinding", "HostIP=HostIp:s HostPort:s" },
	{ "container.Resources",
	  "CPUShares=CpuShares:i Memory:i NanoCPUs=NanoCpus:i CgroupParent:s BlkioWeight:i "
	  "BlkioWeightDevice:[*blkiodev.WeightDevice BlkioDeviceReadBps:[*blkiodev.ThrottleDevice "
	  "BlkioDeviceWriteBps:[*blkiodev.ThrottleDevice BlkioDeviceReadIOps:[*blkiodev.ThrottleDevice "
	  "BlkioDeviceWriteIOps:[*blkiodev.ThrottleDevice CPUPeriod=CpuPeriod:i CPUQuota=CpuQuota:i "
	  "CPURealtimePeriod=CpuRealtimePeriod:i CPURealtimeRuntime=CpuRealtimeRuntime:i CpusetCpus:s CpusetMems:s "
	  "Devices:[container.DeviceMapping DeviceCgroupRules:[s DeviceRequests:[container.DeviceRequest KernelMemory:i "
	  "KernelMemoryTCP:i MemoryReservation:i MemorySwap:i MemorySwappiness:? OomKillDisable:? PidsLimit:? "
	  "Ulimits:[*units.Ulimit CPUCount=CpuCount:i CPUPercent=CpuPercent:i IOMaximumIOps:i IOMaximumBandwidth:i" },
	{ "blkiodev.WeightDevice", "Path:s Weight:i" },
	{ "blkiodev.ThrottleDevice", "Path:s Rate:i" },
	{ "container.DeviceMapping", "PathOnHost:s PathInContainer:s CgroupPermissions:s" },
	{ "container.DeviceRequest", "Driver:s Count:i DeviceIDs:[s Capabilities:[[s Options:{s" },
	{ "units.Ulimit", "Name:s Hard:i Soft:i" },
	{ "mount.Mount", "Type:s Source:s Target:s ReadOnly:b Consistency:s BindOptions:*mount.BindOptions "
			 "VolumeOptions:*mount.VolumeOptions ImageOptions:*mount.ImageOptions TmpfsOptions:*mount.TmpfsOptions "
			 "ClusterOptions:?" },
	{ "mount.BindOptions", "Propagation:s NonRecursive:b CreateMountpoint:b ReadOnlyNonRecursive:b ReadOnlyForceRecursive:b" },
	{ "mount.VolumeOptions", "NoCopy:b Labels:{s Subpath:s DriverConfig:*mount.Driver" },
	{ "mount.Driver", "Name:s Options:{s" },
	{ "mount.ImageOptions", "Subpath:s" },
	{ "mount.TmpfsOptions", "SizeBytes:i Mode:i Options:[[s" },
	{ "container.NetworkSettings", "+NetworkSettingsBase:container.NetworkSettingsBase "
				       "+DefaultNetworkSettings:container.DefaultNetworkSettings "
				       "Networks:{*network.EndpointSettings" },
	{ "container.NetworkSettingsBase",
	  "Bridge:s SandboxID:s SandboxKey:s Ports:{[nat.PortBinding HairpinMode:b LinkLocalIPv6Address:s "
	  "LinkLocalIPv6PrefixLen:i SecondaryIPAddresses:[network.Address SecondaryIPv6Addresses:[network.Address" },
	{ "network.Address", "Addr:s PrefixLen:i" },
	{ "container.DefaultNetworkSettings", "EndpointID:s Gateway:s GlobalIPv6Address:s GlobalIPv6PrefixLen:i IPAddress:s "
					      "IPPrefixLen:i IPv6Gateway:s MacAddress:s" },
	{ "network.EndpointSettings",
	  "IPAMConfig:*network.EndpointIPAMConfig Links:[s Aliases:[s MacAddress:s DriverOpts:{s GwPriority:i NetworkID:s "
	  "EndpointID:s Gateway:s IPAddress:s IPPrefixLen:i IPv6Gateway:s GlobalIPv6Address:s GlobalIPv6PrefixLen:i "
	  "DNSNames:[s" },
	{ "network.EndpointIPAMConfig", "IPv4Address:s IPv6Address:s LinkLocalIPs:[s" },
	{ "storage.DriverData", "Data:{s Name:s" },

	{ "image.InspectResponse",
	  "ID=Id:s RepoTags:[s RepoDigests:[s Parent:s Comment:s Created:s Container:s ContainerConfig:*container.Config "
	  "DockerVersion:s Author:s Config:*v1.DockerOCIImageConfig Architecture:s Variant:s Os:s OsVersion:s Size:i "
	  "VirtualSize:i GraphDriver:storage.DriverData RootFS:image.RootFS Metadata:image.Metadata Descriptor:*v1.Descriptor "
	  "Manifests:[?" },
	{ "v1.DockerOCIImageConfig",
	  "+ImageConfig:v1.ImageConfig +DockerOCIImageConfigExt:v1.DockerOCIImageConfigExt" },
	{ "v1.ImageConfig", "User:s ExposedPorts:{struct Env:[s Entrypoint:[s Cmd:[s Volumes:{struct WorkingDir:s Labels:{s "
			    "StopSignal:s ArgsEscaped:b" },
	{ "v1.DockerOCIImageConfigExt", "Healthcheck:*v1.HealthcheckConfig OnBuild:[s Shell:[s" },
	{ "image.RootFS", "Type:s Layers:[s" },
	{ "image.Metadata", "LastTagTime:t" },
	{ "v1.Descriptor", "MediaType=mediaType:s Digest=digest:s Size=size:i URLs=urls:[s Annotations=annotations:{s Data=data:[i "
			   "Platform=platform:*v1.Platform ArtifactType=artifactType:s" },
	{ "v1.Platform", "Architecture=architecture:s OS=os:s OSVersion=os.version:s OSFeatures=os.features:[s Variant=variant:s" },

	{ "network.Inspect",
	  "Name:s ID=Id:s Created:t Scope:s Driver:s EnableIPv4:b EnableIPv6:b IPAM:network.IPAM Internal:b Attachable:b "
	  "Ingress:b ConfigFrom:network.ConfigReference ConfigOnly:b Containers:{network.EndpointResource Options:{s Labels:{s "
	  "Peers:[? Services:{?" },
	{ "network.IPAM", "Driver:s Options:{s Config:[network.IPAMConfig" },
	{ "network.IPAMConfig", "Subnet:s IPRange:s Gateway:s AuxAddress=AuxiliaryAddresses:{s" },
	{ "network.ConfigReference", "Network:s" },
	{ "network.EndpointResource", "Name:s EndpointID:s MacAddress:s IPv4Address:s IPv6Address:s" },

	{ "volume.Volume", "ClusterVolume:? CreatedAt:s Driver:s Labels:{s Mountpoint:s Name:s Options:{s Scope:s Status:{? "
			   "UsageData:*volume.UsageData" },
	{ "volume.UsageData", "RefCount:i Size:i" },

	{ "system.dockerInfo", "+Info:*system.Info ServerErrors:[s UserName:s ClientInfo:*system.clientInfo ClientErrors:[s" },
	{ "system.Info",
	  "ID:s Containers:i ContainersRunning:i ContainersPaused:i ContainersStopped:i Images:i Driver:s DriverStatus:[[s "
	  "SystemStatus:[[s Plugins:system.PluginsInfo MemoryLimit:b SwapLimit:b KernelMemory:b KernelMemoryTCP:b "
	  "CPUCfsPeriod=CpuCfsPeriod:b CPUCfsQuota=CpuCfsQuota:b CPUShares:b CPUSet:b PidsLimit:b IPv4Forwarding:b Debug:b "
	  "NFd:i OomKillDisable:b NGoroutines:i SystemTime:s LoggingDriver:s CgroupDriver:s CgroupVersion:s "
	  "NEventsListener:i KernelVersion:s OperatingSystem:s OSVersion:s OSType:s Architecture:s IndexServerAddress:s "
	  "RegistryConfig:*registry.ServiceConfig NCPU:i MemTotal:i GenericResources:[? DockerRootDir:s HTTPProxy=HttpProxy:s "
	  "HTTPSProxy=HttpsProxy:s NoProxy:s Name:s Labels:[s ExperimentalBuild:b ServerVersion:s "
	  "Runtimes:{system.RuntimeWithStatus DefaultRuntime:s Swarm:swarm.Info LiveRestoreEnabled:b Isolation:s "
	  "InitBinary:s ContainerdCommit:system.Commit RuncCommit:system.Commit InitCommit:system.Commit SecurityOptions:[s "
	  "ProductLicense:s DefaultAddressPools:[system.NetworkAddressPool FirewallBackend:*system.FirewallInfo CDISpecDirs:[s "
	  "DiscoveredDevices:[? Containerd:*system.ContainerdInfo Warnings:[s" },
	{ "system.PluginsInfo", "Volume:[s Network:[s Authorization:[s Log:[s" },
	{ "registry.ServiceConfig", "AllowNondistributableArtifactsCIDRs:[s AllowNondistributableArtifactsHostnames:[s "
				    "InsecureRegistryCIDRs:[s IndexConfigs:{*registry.IndexInfo Mirrors:[s ExtraFields:{?" },
	{ "registry.IndexInfo", "Name:s Mirrors:[s Secure:b Official:b" },
	{ "system.RuntimeWithStatus", "+Runtime:system.Runtime Status=status:{s" },
	{ "system.Runtime", "Path=path:s Args=runtimeArgs:[s Type=runtimeType:s Options=options:{?" },
	{ "swarm.Info", "NodeID:s NodeAddr:s LocalNodeState:s ControlAvailable:b Error:s RemoteManagers:[? Nodes:i Managers:i "
			"Cluster:? Warnings:[s" },
	{ "system.Commit", "ID:s Expected:s" },
	{ "system.NetworkAddressPool", "Base:s Size:i" },
	{ "system.FirewallInfo", "Driver:s Info:[[s" },
	{ "system.ContainerdInfo", "Address:s Namespaces:system.ContainerdNamespaces" },
	{ "system.ContainerdNamespaces", "Containers:s Plugins:s" },
	{ "system.clientInfo", "Debug:b +clientVersion:system.clientVersion Plugins:[? Warnings:[s" },

	{ "system.versionInfo", "Client:system.clientVersion Server:*types.Version" },
	{ "system.clientVersion", "Platform:*system.platformInfo Version:s APIVersion=ApiVersion:s DefaultAPIVersion:s GitCommit:s "
				  "GoVersion:s Os:s Arch:s BuildTime:s Context:s" },
	{ "system.platformInfo", "Name:s" },
	{ "types.Version", "Platform:system.platformInfo Components:[types.ComponentVersion Version:s APIVersion=ApiVersion:s "
			   "MinAPIVersion:s GitCommit:s GoVersion:s Os:s Arch:s KernelVersion:s Experimental:b BuildTime:s" },
	{ "types.ComponentVersion", "Name:s Version:s Details:{s" },

	{ "context.contextWithTLSListing", "+Metadata:store.Metadata TLSMaterial:{? Storage:store.StorageInfo" },
	{ "store.Metadata", "Name:s Metadata:command.DockerContext Endpoints:{context.EndpointMetaBase" },
	{ "command.DockerContext", "Description:s AdditionalFields:{?" },
	{ "context.EndpointMetaBase", "Host:s SkipTLSVerify:b" },
	{ "store.StorageInfo", "MetadataPath:s TLSPath:s" },

	{ "formatter.diskUsageContext", "Images:[? Containers:[? Volumes:[? BuildCache:[?" },

	{ "events.Message", "Status=status:s ID=id:s From=from:s Type:s Action:s Actor:events.Actor Scope=scope:s Time=time:i "
			    "TimeNano=timeNano:i" },
	{ "events.Actor", "ID:s Attributes:{s" },
};

static const struct shape *find(const char *name)
{
	for (size_t i = 0; name && i < sizeof shapes / sizeof *shapes; i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	return NULL;
}

/* One word of those. */
struct field {
	char name[64], json[64], type[64];
	bool embedded;
};

/* The first of the words at p, and what comes after it; NULL: there is none. */
static const char *next_field(const char *p, struct field *f)
{
	size_t n = strcspn(p, "=:"), json = p[n] == '=' ? n + 1 : 0, colon = strcspn(p, ":"), end = strcspn(p, " ");

	if (!*p)
		return NULL;
	f->embedded = *p == '+';
	snprintf(f->name, sizeof f->name, "%.*s", (int)(n - f->embedded), p + f->embedded);
	snprintf(f->json, sizeof f->json, "%.*s", (int)(colon - json), p + json);
	snprintf(f->type, sizeof f->type, "%.*s", (int)(end - colon - 1), p + colon + 1);
	return p + end + (p[end] == ' ');
}

/* ---- making one ---------------------------------------------------------- */

static json_t *make_struct(const struct shape *shape, const json_t *doc, bool pointer);
static json_t *make(const char *type, const json_t *doc);

static json_t *make_list(const char *type, const json_t *doc)
{
	json_t *list, *item;
	size_t i;

	if (!json_is_array(doc))
		return json_incref(cli_value_nil_list());
	list = json_array();
	json_array_foreach((json_t *)doc, i, item)
		json_array_append_new(list, make(type, item));
	return list;
}

/* In the order of the keys, as Go writes maps. */
static json_t *make_map(const char *type, const json_t *doc)
{
	size_t n;
	AUTO_FREE const char **keys = jsonx_sorted_keys(doc, &n);
	json_t *map;

	if (!json_is_object(doc))
		return json_incref(cli_value_nil_map());
	map = json_object();
	for (size_t i = 0; i < n; i++)
		json_object_set_new(map, keys[i], make(type, json_object_get(doc, keys[i])));
	return map;
}

/* What is not there: zero. What is there, and is of another type, stays as it is. */
static json_t *make_plain(char type, const json_t *doc)
{
	if (doc && !json_is_null(doc))
		return json_incref((json_t *)doc);
	if (type == 's')
		return json_string("");
	return type == 'i' || type == 'd' ? json_integer(0) : type == 'b' ? json_false() : json_null();
}

/* A time, a duration: what it is in JSON, and how it reads. */
static json_t *make_text(const char *type, const json_t *doc, const char *text)
{
	return json_pack("{s:{s:s, s:b, s:O*, s:s}}", "", "type", type, "pointer", 0, "json", doc, "text", text);
}

static json_t *make_time(const json_t *doc)
{
	AUTO_FREE char *text = cli_go_time(json_is_string(doc) ? json_string_value(doc) : "0001-01-01T00:00:00Z");

	return make_text("time.Time", doc ? doc : json_null(), text);
}

/* 5400000000000: "1h30m0s"; 1500000: "1.5ms". */
static json_t *make_duration(const json_t *doc)
{
	static const struct { const char *name; long long ns; } units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "µs", 1000 }, { "ns", 1 } };
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	long long ns = json_integer_value(doc), minutes = ns / 60000000000;
	size_t i = 0;

	if (minutes >= 60)
		strbuf_addf(&text, "%lldh", minutes / 60);
	if (minutes)
		strbuf_addf(&text, "%lldm", minutes % 60);
	ns %= 60000000000;
	while (!minutes && ns && ns < units[i].ns && i < 3)
		i++;
	strbuf_addf(&text, "%.12g%s", (double)ns / (double)units[i].ns, units[i].name);
	return make_text("time.Duration", doc ? doc : json_null(), text.data);
}

static json_t *make(const char *type, const json_t *doc)
{
	bool pointer = *type == '*', nothing = !doc || json_is_null(doc);
	const struct shape *shape = find(type + pointer);

	if (shape && pointer && nothing)
		return json_null();
	if (shape && (nothing || json_is_object(doc)))
		return make_struct(shape, doc, pointer);
	if (*type == '[')
		return make_list(type + 1, doc);
	if (*type == '{')
		return make_map(type + 1, doc);
	if (*type == 't')
		return make_time(doc);
	return *type == 'd' ? make_duration(doc) : make_plain(*type, doc);
}

static json_t *ulimit_text(const json_t *doc)
{
	AUTO_FREE char *text = xasprintf("%s=%lld:%lld", jsonx_str(doc, "Name", ""), (long long)jsonx_int(doc, "Soft", 0),
					 (long long)jsonx_int(doc, "Hard", 0));

	return json_string(text);
}

static json_t *make_struct(const struct shape *shape, const json_t *doc, bool pointer)
{
	json_t *value = json_pack("{s:{s:s, s:b, s:O*}}", "", "type", shape->name, "pointer", (int)pointer, "json", doc);
	struct field f;

	if (!strcmp(shape->name, "units.Ulimit")) /* a type that says itself how it reads */
		json_object_set_new(json_object_get(value, ""), "text", ulimit_text(doc));
	for (const char *p = shape->fields; (p = next_field(p, &f));)
		json_object_set_new(value, f.name, make(f.type, f.embedded ? doc : json_object_get(doc, f.json)));
	return value;
}

json_t *cli_shape(const char *type, const json_t *doc)
{
	return make(type, doc);
}

/* ---- looking at one ------------------------------------------------------ */

static const json_t *note_of(const json_t *value)
{
	return json_object_get(value, "");
}

const char *cli_shape_name(const json_t *value)
{
	return jsonx_str(note_of(value), "type", NULL);
}

const char *cli_shape_text(const json_t *value)
{
	return jsonx_str(note_of(value), "text", NULL);
}

bool cli_shape_is_pointer(const json_t *value)
{
	return jsonx_bool(note_of(value), "pointer", false);
}

/* Is the field `name` of that shape an embedded struct? */
static bool is_embedded(const struct shape *shape, const char *name)
{
	AUTO_FREE char *word = xasprintf("+%s:", name);

	return strstr(shape->fields, word) != NULL;
}

json_t *cli_shape_field(const json_t *value, const char *name)
{
	const struct shape *shape = find(cli_shape_name(value));
	json_t *found = json_object_get(value, name), *field;
	const char *key;

	if (found || !shape)
		return found;
	json_object_foreach((json_t *)value, key, field)
		if (is_embedded(shape, key) && (found = cli_shape_field(field, name)))
			return found;
	return NULL;
}

/* What was there of a struct, in Go's order. */
static void add_fields(json_t *out, const json_t *value, const json_t *json)
{
	const struct shape *shape = find(cli_shape_name(value));
	struct field f;

	for (const char *p = shape ? shape->fields : ""; (p = next_field(p, &f));) {
		const json_t *field = json_object_get(value, f.name);
		if (f.embedded)
			add_fields(out, field, json);
		else if (json_object_get(json, f.json))
			json_object_set_new(out, f.json, cli_shape_json(field));
	}
}

static json_t *struct_json(const json_t *value)
{
	json_t *json = json_object_get(note_of(value), "json"), *out;

	if (!find(cli_shape_name(value))) /* a time */
		return json ? json_incref(json) : json_null();
	out = json_object();
	add_fields(out, value, json);
	json_object_update_missing(out, json); /* of a daemon that knows more than the table */
	return out;
}

json_t *cli_shape_json(const json_t *value)
{
	json_t *copy, *item;
	const char *key;
	size_t i;

	if (note_of(value))
		return struct_json(value);
	if (json_is_array(value)) {
		copy = json_array();
		json_array_foreach((json_t *)value, i, item)
			json_array_append_new(copy, cli_shape_json(item));
		return copy;
	}
	if (!json_is_object(value))
		return json_incref((json_t *)value);
	copy = json_object();
	json_object_foreach((json_t *)value, key, item)
		json_object_set_new(copy, key, cli_shape_json(item));
	return copy;
}
