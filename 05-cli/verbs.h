/*
 * verbs.h - every verb, each in the file cmd_NAME.c.
 */
#ifndef DOCKYARD_CLI_VERBS_H
#define DOCKYARD_CLI_VERBS_H

#include "cli.h"

extern const struct cli_command cli_cmd_attach;
extern const struct cli_command cli_cmd_builder_prune;
extern const struct cli_command cli_cmd_commit;
extern const struct cli_command cli_cmd_build;
extern const struct cli_command cli_cmd_complete;
extern const struct cli_command cli_cmd_completion_bash;
extern const struct cli_command cli_cmd_completion_fish;
extern const struct cli_command cli_cmd_completion_zsh;
extern const struct cli_command cli_cmd_container_inspect;
extern const struct cli_command cli_cmd_container_prune;
extern const struct cli_command cli_cmd_context_create;
extern const struct cli_command cli_cmd_context_export;
extern const struct cli_command cli_cmd_context_import;
extern const struct cli_command cli_cmd_context_inspect;
extern const struct cli_command cli_cmd_context_ls;
extern const struct cli_command cli_cmd_context_rm;
extern const struct cli_command cli_cmd_context_show;
extern const struct cli_command cli_cmd_context_update;
extern const struct cli_command cli_cmd_context_use;
extern const struct cli_command cli_cmd_cp;
extern const struct cli_command cli_cmd_create;
extern const struct cli_command cli_cmd_df;
extern const struct cli_command cli_cmd_dial;
extern const struct cli_command cli_cmd_diff;
extern const struct cli_command cli_cmd_events;
extern const struct cli_command cli_cmd_exec;
extern const struct cli_command cli_cmd_export;
extern const struct cli_command cli_cmd_history;
extern const struct cli_command cli_cmd_image_inspect;
extern const struct cli_command cli_cmd_image_prune;
extern const struct cli_command cli_cmd_images;
extern const struct cli_command cli_cmd_import;
extern const struct cli_command cli_cmd_info;
extern const struct cli_command cli_cmd_inspect;
extern const struct cli_command cli_cmd_kill;
extern const struct cli_command cli_cmd_load;
extern const struct cli_command cli_cmd_login;
extern const struct cli_command cli_cmd_logout;
extern const struct cli_command cli_cmd_logs;
extern const struct cli_command cli_cmd_manifest_annotate;
extern const struct cli_command cli_cmd_manifest_create;
extern const struct cli_command cli_cmd_manifest_inspect;
extern const struct cli_command cli_cmd_manifest_push;
extern const struct cli_command cli_cmd_manifest_rm;
extern const struct cli_command cli_cmd_network_connect;
extern const struct cli_command cli_cmd_network_create;
extern const struct cli_command cli_cmd_network_disconnect;
extern const struct cli_command cli_cmd_network_inspect;
extern const struct cli_command cli_cmd_network_ls;
extern const struct cli_command cli_cmd_network_prune;
extern const struct cli_command cli_cmd_network_rm;
extern const struct cli_command cli_cmd_pause;
extern const struct cli_command cli_cmd_port;
extern const struct cli_command cli_cmd_ps;
extern const struct cli_command cli_cmd_pull;
extern const struct cli_command cli_cmd_push;
extern const struct cli_command cli_cmd_rename;
extern const struct cli_command cli_cmd_restart;
extern const struct cli_command cli_cmd_rm;
extern const struct cli_command cli_cmd_rmi;
extern const struct cli_command cli_cmd_run;
extern const struct cli_command cli_cmd_save;
extern const struct cli_command cli_cmd_search;
extern const struct cli_command cli_cmd_start;
extern const struct cli_command cli_cmd_stats;
extern const struct cli_command cli_cmd_stop;
extern const struct cli_command cli_cmd_system_prune;
extern const struct cli_command cli_cmd_tag;
extern const struct cli_command cli_cmd_top;
extern const struct cli_command cli_cmd_unpause;
extern const struct cli_command cli_cmd_update;
extern const struct cli_command cli_cmd_version;
extern const struct cli_command cli_cmd_volume_create;
extern const struct cli_command cli_cmd_volume_inspect;
extern const struct cli_command cli_cmd_volume_ls;
extern const struct cli_command cli_cmd_volume_prune;
extern const struct cli_command cli_cmd_volume_rm;
extern const struct cli_command cli_cmd_volume_update;
extern const struct cli_command cli_cmd_wait;

#endif
