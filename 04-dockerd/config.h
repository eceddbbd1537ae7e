/*
 * config.h - what the operator decides: flags, and daemon.json with Docker's
 * names for the same things. Filled in main, read-only afterwards.
 *
 * A setting stands in one of the two places: given in both, the daemon does
 * not guess which one was meant. What it does not know, it refuses.
 */
#ifndef DOCKYARD_DOCKERD_CONFIG_H
#define DOCKYARD_DOCKERD_CONFIG_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

struct config {
	char *data_root, *exec_root;
	struct strlist hosts;      /* unix:///path, tcp://addr:port, fd:// */
	char *containerd;          /* its socket */
	char *namespace_;          /* what is ours in it */
	struct strlist mirrors;    /* asked before Docker Hub, in this order */
	struct strlist insecure;   /* host:port spoken to over plain HTTP */
	char *pidfile;
	char *bip, *bridge;        /* NULL: chosen (network.h) */
	char *fixed_cidr, *fixed_cidr_v6; /* of the default bridge; NULL: its subnet; none */
	bool ipv6;                 /* on the default bridge, as the next four are */
	bool icc, ip_masq;         /* its containers reach each other; and the world by our address */
	char *publish_on;          /* ports without an address of their own; NULL: everywhere */
	json_int_t mtu;            /* 0: the kernel's */
	json_t *network_opts, *ulimits;           /* defaults.h; NULL: none */
	char *ipc_mode, *cgroupns_mode, *shm_size, *cgroup_parent; /* the same */
	bool init, no_new_privileges;             /* the same */
	char *init_path;           /* the init process's program; NULL: docker-init beside the daemon's */
	char *host_gateway;        /* what host-gateway means; NULL: the bridge's address */
	struct strlist labels;     /* of the engine: info shows them */
	struct strlist address_pools; /* base=...,size=... (ipam.h) */
	struct strlist dns, dns_opts, dns_search; /* of containers that name none */
	json_t *runtimes;          /* OCI runtimes besides containerd's own; NULL: none. runtimes.h */
	char *default_runtime;
	char *group;               /* of the unix socket; NULL: "docker" if there is one */
	char *log_driver;          /* of containers that name none */
	struct strlist log_opts;   /* key=value, of that driver */
	char *log_level, *log_format;
	bool debug;
	bool tls, tlsverify;
	char *tlscert, *tlskey, *tlscacert;
	char *config_file;
	bool version, help, validate; /* print and leave */
};

/* Defaults, then the command line, then the file. */
int dockerd_config_load(struct config *c, int argc, char **argv, struct err *err);
/* From now on the log is as c->log_level says. */
int dockerd_config_log(const struct config *c, struct err *err);
void dockerd_config_free(struct config *c);
#define AUTO_CONFIG AUTO(dockerd_config_free)

/* The text of --help. */
void dockerd_config_usage(void);

#endif
