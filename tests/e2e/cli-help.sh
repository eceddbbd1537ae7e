#!/bin/bash
# Every command and flag that the real docker CLI 28 has (outside swarm, plugins, trust and checkpoints), ours has
# under the same names, with the same letter, kind and words; a shell can complete them.
. "${0%/*}/lib.sh"
need python3
ours=$TOP/05-cli/docker

need_real_docker 28
expect_eq "differences of the help texts" "" "$(python3 "$TOP/tests/e2e/cli_help.py" "$ours" "$cli" 2>"$T/count")"
expect_match "all commands were looked at" '^(8|9|1[0-9])[0-9]+ commands' "$(cat "$T/count")"

# A typo is told from a name that is none.
expect_fail 1 'Did you mean this\?' docker lgin
expect_match "the command that was meant" '^  docker login$' "$output"
expect_fail 1 'docker network create' docker network crate
expect_fail 1 'unknown command: docker qqqqqq' docker qqqqqq
expect_no_match "nothing is near" 'Did you mean' "$output"

full() { "$@" >/dev/full; }
expect_fail 1 'could not be written: No space left on device' full docker --help

# Completion, as bash asks for it.
docker completion bash >"$T/completion" || fail "docker completion bash"
complete_line() { # what bash would offer at the end of this line
	bash -c 'PATH=$1:$PATH; . "$2"; COMP_LINE=$3 COMP_POINT=${#3}; _docker; echo "${COMPREPLY[*]}"' - "$TOP/05-cli" "$T/completion" "$1" | xargs
}
expect_eq "a command is completed" network "$(complete_line 'docker net')"
expect_eq "a command of a group" "connect create" "$(complete_line 'docker network c')"
expect_eq "a flag" --restart "$(complete_line 'docker run --rest')"
expect_eq "a context" default "$(complete_line 'docker context use def')"
for shell in zsh fish; do
	expect_match "a script for $shell" '__complete --' "$(docker completion $shell)"
done
done_testing
