/*
 * ctr - containerd by hand (ctr.h).
 */
#include "ctr.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctr_run.h"
#include "version.h"

static const struct command {
	const char *group, *name; /* words separated by commas: the same command */
	const char *usage;
	ctr_command *run;
	const char *more; /* after the usage, where the command's own help is asked for */
} commands[] = {
	{ "images,image,i", "pull", "images pull [--platform P|--all-platforms] [--print-chainid] "
	  "[registry options] REF", ctr_images_pull, ctr_registry_help },
	{ "images,image,i", "push", "images push [--platform P] [registry options] REF [LOCAL]",
	  ctr_images_push, ctr_registry_help },
	{ "images,image,i", "ls,list", "images ls [-q] [FILTER...]", ctr_images_list },
	{ "images,image,i", "check", "images check [-q] [FILTER...]", ctr_images_check },
	{ "images,image,i", "rm,remove,del,delete", "images rm [--sync] REF...", ctr_images_remove },
	{ "images,image,i", "tag", "images tag [--force] SOURCE TARGET...", ctr_images_tag },
	{ "images,image,i", "label", "images label REF NAME=[VALUE]...", ctr_images_label },
	{ "images,image,i", "mount", "images mount [--rw] [--platform P] REF DIRECTORY", ctr_images_mount },
	{ "images,image,i", "unmount", "images unmount [--rm] DIRECTORY", ctr_images_unmount },
	{ "images,image,i", "import", "images import [--base-name NAME] [--digests] [--platform P] [--no-unpack] "
	  "FILE|-", ctr_images_import },
	{ "images,image,i", "export", "images export [--platform P] [--all-platforms] "
	  "[--skip-manifest-json] FILE|- REF...", ctr_images_export },
	{ "run", NULL, "run [options] IMAGE ID [COMMAND [ARG...]]", ctr_run, ctr_run_help },
	{ "containers,container,c", "create", "containers create [options] IMAGE ID [COMMAND [ARG...]]",
	  ctr_containers_create, ctr_run_help },
	{ "containers,container,c", "ls,list", "containers ls [-q] [FILTER...]", ctr_containers_list },
	{ "containers,container,c", "info", "containers info ID", ctr_containers_info },
	{ "containers,container,c", "label", "containers label ID KEY=[VALUE]...", ctr_containers_label },
	{ "containers,container,c", "rm,remove,del,delete", "containers rm [--keep-snapshot] ID...", ctr_containers_remove },
	{ "tasks,task,t", "ls,list", "tasks ls [-q] [FILTER...]", ctr_tasks_list },
	{ "tasks,task,t", "start", "tasks start [-d] [-t] [--null-io] [--log-uri file:///PATH] "
	  "[--pid-file FILE] [--checkpoint DIR] ID", ctr_tasks_start },
	{ "tasks,task,t", "attach", "tasks attach ID", ctr_tasks_attach },
	{ "tasks,task,t", "exec", "tasks exec --exec-id EXEC [-d] [-t] [--cwd DIR] [--user USER] ID "
	  "COMMAND [ARG...]", ctr_tasks_exec },
	{ "tasks,task,t", "kill", "tasks kill [-s SIGNAL] [-a] [--exec-id EXEC] ID", ctr_tasks_kill },
	{ "tasks,task,t", "rm,remove,del,delete", "tasks rm [-f] [--exec-id EXEC] ID...", ctr_tasks_remove },
	{ "tasks,task,t", "wait", "tasks wait ID", ctr_tasks_wait },
	{ "tasks,task,t", "checkpoint", "tasks checkpoint [--exit] [--work-path DIR] --image-path DIR ID",
	  ctr_tasks_checkpoint },
	{ "tasks,task,t", "pause", "tasks pause ID...", ctr_tasks_pause },
	{ "tasks,task,t", "resume", "tasks resume ID...", ctr_tasks_resume },
	{ "tasks,task,t", "ps", "tasks ps ID", ctr_tasks_ps },
	{ "tasks,task,t", "metrics,metric", "tasks metrics [--format table|json] ID", ctr_tasks_metrics },
	{ "content", "ls,list", "content ls [-q] [FILTER...]", ctr_content_list },
	{ "content", "get", "content get DIGEST", ctr_content_get },
	{ "content", "ingest", "content ingest [--expected-size N] [--expected-digest D] NAME",
	  ctr_content_ingest },
	{ "content", "fetch", "content fetch [--platform P|--all-platforms] [registry options] REF",
	  ctr_content_fetch, ctr_registry_help },
	{ "content", "active,a", "content active [-q] [FILTER...]", ctr_content_active },
	{ "content", "label", "content label DIGEST NAME=[VALUE]...", ctr_content_label },
	{ "content", "rm,remove,del,delete", "content rm DIGEST...", ctr_content_remove },
	{ "snapshots,snapshot", "ls,list", "snapshots ls [-q] [FILTER...]", ctr_snapshots_list },
	{ "snapshots,snapshot", "info", "snapshots info KEY", ctr_snapshots_info },
	{ "snapshots,snapshot", "label", "snapshots label KEY NAME=[VALUE]...", ctr_snapshots_label },
	{ "snapshots,snapshot", "mounts,m,mount", "snapshots mounts DIRECTORY KEY", ctr_snapshots_mounts },
	{ "snapshots,snapshot", "prepare", "snapshots prepare [-t DIRECTORY] [--mounts] KEY [PARENT]",
	  ctr_snapshots_prepare },
	{ "snapshots,snapshot", "view", "snapshots view [-t DIRECTORY] [--mounts] KEY [PARENT]",
	  ctr_snapshots_view },
	{ "snapshots,snapshot", "commit", "snapshots commit KEY ACTIVE", ctr_snapshots_commit },
	{ "snapshots,snapshot", "rm,remove,del,delete", "snapshots rm KEY...", ctr_snapshots_remove },
	{ "snapshots,snapshot", "usage", "snapshots usage [-b] [KEY...]", ctr_snapshots_usage },
	{ "snapshots,snapshot", "diff", "snapshots diff [--media-type TYPE] [--keep] KEY [KEY]",
	  ctr_snapshots_diff },
	{ "snapshots,snapshot", "tree", "snapshots tree", ctr_snapshots_tree },
	{ "leases", "ls,list", "leases ls [-q] [FILTER...]", ctr_leases_list },
	{ "leases", "create", "leases create [--id ID] [-x TIME] [NAME=VALUE...]", ctr_leases_create },
	{ "leases", "rm,remove,del,delete", "leases rm ID...", ctr_leases_remove },
	{ "namespaces,namespace,ns", "ls,list", "namespaces ls [-q] [FILTER...]", ctr_namespaces_list },
	{ "namespaces,namespace,ns", "create,c", "namespaces create NAME [LABEL=VALUE...]",
	  ctr_namespaces_create },
	{ "namespaces,namespace,ns", "label", "namespaces label NAME LABEL=[VALUE]...", ctr_namespaces_label },
	{ "namespaces,namespace,ns", "rm,remove,del,delete", "namespaces rm NAME...", ctr_namespaces_remove },
	{ "events,event", NULL, "events [FILTER...]", ctr_events },
	{ "version", NULL, "version", ctr_version },
};
#define UNKNOWN_COMMAND 3 /* the exit status, as of the real ctr */
#define COMMANDS (sizeof commands / sizeof *commands)

int ctr_fail(const struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	strbuf_add_plain(&text, err->msg, "\n\t"); /* it may be a registry's */
	fprintf(stderr, "ctr: %s\n", text.data);
	return 1;
}

int ctr_misuse(const struct ctr *c, const char *problem)
{
	fprintf(stderr, "ctr: %s\nusage: ctr %s\n", problem, c->usage);
	return 1;
}

json_t *ctr_call(struct ctr *c, const char *method, const json_t *body, struct err *err,
		 const char *path, ...)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, path);
	strbuf_vaddf(&sb, path, ap);
	va_end(ap);
	return ctrd_call(c->client, method, sb.data, body, err);
}

int ctr_each(struct ctr *c, int argc, char **argv,
	     int (*one)(struct ctr *c, const char *name, struct err *err))
{
	static const struct option none[] = { { 0 } };
	struct err err;
	int status = 0;

	optind = 0; /* the command may have had options of its own */
	if (getopt_long(argc, argv, "+", none, NULL) != -1)
		return ctr_misuse(c, "unknown option");
	if (argc - optind < 1)
		return ctr_misuse(c, "a name is missing");
	for (int i = optind; i < argc; i++) {
		if (one(c, argv[i], &err))
			status = ctr_fail(&err);
		else
			puts(argv[i]);
	}
	return status;
}

/* Is word one of the comma-separated words? */
static bool among(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *w = words; w; w = strchr(w, ',')) {
		w += *w == ',';
		if (!strncmp(w, word, n) && (w[n] == ',' || !w[n]))
			return true;
	}
	return false;
}

static void print_usage(FILE *out, const char *group)
{
	fputs("usage: ctr [--address SOCKET] [--namespace|-n NAME] COMMAND\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		if (!group || among(commands[i].group, group))
			fprintf(out, "  ctr %s\n", commands[i].usage);
	fputs("The default socket is /run/containerd/containerd.sock, the default namespace "
	      "\"default\".\n", out);
}

static bool is_help(const char *word)
{
	return word && (!strcmp(word, "--help") || !strcmp(word, "-h"));
}

static int print_help(const struct command *cmd)
{
	return printf("usage: ctr %s\n%s", cmd->usage, cmd->more ? cmd->more : "") < 0;
}

static int run_command(struct ctr *c, int argc, char **argv)
{
	const char *group = argc ? argv[0] : NULL, *name = argc > 1 ? argv[1] : NULL;
	bool known = false;

	for (size_t i = 0; group && i < COMMANDS; i++) {
		const struct command *cmd = &commands[i];
		int words = cmd->name ? 2 : 1;

		if (!among(cmd->group, group))
			continue;
		known = true;
		if (cmd->name && (!name || !among(cmd->name, name)))
			continue;
		if (argc > words && is_help(argv[words]))
			return print_help(cmd);
		c->usage = cmd->usage;
		optind = 0; /* getopt starts afresh */
		return cmd->run(c, argc - words + 1, argv + words - 1);
	}
	if (!group || (known && (!name || is_help(name)))) {
		print_usage(stdout, group);
		return 0;
	}
	fprintf(stderr, "ctr: there is no command '%s%s%s'\n", group, known ? " " : "",
		known ? name : "");
	print_usage(stderr, known ? group : NULL);
	return UNKNOWN_COMMAND;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "address", required_argument, NULL, 'a' },
		{ "namespace", required_argument, NULL, 'n' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *address = getenv("CONTAINERD_ADDRESS"), *ns = getenv("CONTAINERD_NAMESPACE");
	struct ctr c = { .address = address ? address : "/run/containerd/containerd.sock",
			 .ns = ns ? ns : "default" };
	int ch, status;

	while ((ch = getopt_long(argc, argv, "+a:n:vh", options, NULL)) != -1) {
		if (ch == 'a')
			c.address = optarg;
		else if (ch == 'n')
			c.ns = optarg;
		else if (ch == 'v')
			return printf("ctr version %s\n", DOCKYARD_VERSION) < 0;
		else
			return print_usage(ch == 'h' ? stdout : stderr, NULL), ch == 'h' ? 0 : 1;
	}
	c.client = ctrd_client_new(c.address, c.ns);
	status = run_command(&c, argc - optind, argv + optind);
	ctrd_client_free(c.client);
	if ((fflush(stdout) || ferror(stdout)) && !status) {
		fputs("ctr: what was to be printed could not be written\n", stderr);
		status = 1;
	}
	return status;
}
