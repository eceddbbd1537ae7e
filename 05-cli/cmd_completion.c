/*
 * cmd_completion.c - docker completion bash, zsh, fish: a script for the shell.
 *
 * What can be completed is known here and nowhere else, so the scripts are
 * short: they ask `docker __complete` (cmd_complete.c) at each press of the key.
 */
#include <stdio.h>

#include "verbs.h"

/* bash ends words at ':' and '=' too (COMP_WORDBREAKS), and would put a whole
 * name behind the part of it that is there already. */
static const char bash[] =
	"# bash completion for docker: source <(docker completion bash)\n"
	"_docker() {\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} words cur IFS\n"
	"\tIFS=$' \\t' read -ra words <<<\"$line\"\n"
	"\tcase $line in *[[:space:]]) words+=('') ;; esac\n"
	"\tcur=${words[${#words[@]}-1]}\n"
	"\tIFS=$'\\n'\n"
	"\tCOMPREPLY=($(\"${words[0]}\" __complete -- \"${words[@]:1}\" 2>/dev/null | cut -f 1))\n"
	"\tcase $cur in *[:=]*) COMPREPLY=(\"${COMPREPLY[@]#\"${cur%\"${cur##*[:=]}\"}\"}\") ;; esac\n"
	"}\n"
	"complete -o default -F _docker docker\n";

static const char zsh[] =
	"#compdef docker\n"
	"# zsh completion for docker: source <(docker completion zsh)\n"
	"_docker() {\n"
	"\tlocal -a found\n"
	"\tlocal line\n"
	"\tfor line in ${(f)\"$(${words[1]} __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"}; do\n"
	"\t\tfound+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
	"\tdone\n"
	"\tif (( ${#found} )); then _describe docker found; else _files; fi\n"
	"}\n"
	"compdef _docker docker\n";

static const char fish[] =
	"# fish completion for docker: docker completion fish | source\n"
	"function __docker_complete\n"
	"\tset -l words (commandline -opc)\n"
	"\t$words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null\n"
	"end\n"
	"complete -c docker -a '(__docker_complete)'\n";

#define SCRIPT(shell)                                                                                      \
	static int run_##shell(struct cli *cli, void *options, char **args, int n, struct err *err)        \
	{                                                                                                  \
		(void)cli;                                                                                 \
		(void)options;                                                                             \
		(void)args;                                                                                \
		(void)n;                                                                                   \
		(void)err;                                                                                 \
		fputs(shell, stdout);                                                                      \
		return 0;                                                                                  \
	}                                                                                                  \
	const struct cli_command cli_cmd_completion_##shell = {                                            \
		.usage = "", .summary = "Generate the autocompletion script for " #shell, .offline = true, \
		.about = "Generate the autocompletion script for the " #shell " shell.", .run = run_##shell, \
	}

SCRIPT(bash);
SCRIPT(zsh);
SCRIPT(fish);
