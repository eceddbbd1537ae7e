#!/bin/bash
# Many clients make, start, follow, enter and remove containers at once; all get the answers that
# they would get alone, and nothing is left behind. CLIENTS=100 SECONDS_OF=300 for longer, and in a
# tree that was built with a sanitizer (make SAN=1) what that says is a failure too.
. "${0%/*}/lib.sh"
need python3

start_stack busybox
expect_ok docker pull busybox
mark
expect_ok python3 "$TOP/tests/e2e/engine_crowd.py" "$T/docker.sock" "${CLIENTS:-10}" "${SECONDS_OF:-3}"
echo "$output"
# And to a few containers, networks and volumes that all of them change and remove.
expect_eq "no answer but success, a refusal, not found and conflict" "" \
	"$(python3 "$TOP/tests/e2e/engine_races.py" "$T/docker.sock" "${SECONDS_OF:-4}" 2>"$T/races")"
expect_match "and of each kind some" '200: .*404: .*409: ' "$(grep -o '[0-9]*: [0-9]*' "$T/races" | sort | xargs)"
docker ps -aq | xargs -r "$TOP/05-cli/docker" rm -fv >/dev/null
docker volume prune -af >/dev/null && docker network prune -f >/dev/null && docker image prune -f >/dev/null
docker rmi -f made >/dev/null 2>&1
expect_eq "no container, volume or network is left" "" "$(docker ps -aq; docker volume ls -q; docker network ls -q -f type=custom)"
expect_unchanged "the crowd"
expect_eq "that another was first to remove a volume is no warning" "" "$(grep 'no such volume' "$T/dockerd.log")"
stop_stack
expect_eq "no sanitizer spoke" "" "$(grep -hE -A 30 'ThreadSanitizer|AddressSanitizer|LeakSanitizer|runtime error' "$T"/*.log)"
done_testing
