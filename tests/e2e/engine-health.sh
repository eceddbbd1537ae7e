#!/bin/bash
# Health checks: the state they find, what tells of it, when they are called off, and that
# they go on where a killed daemon left them. Driven by a real docker CLI.
. "${0%/*}/lib.sh"
need_real_docker
d() { "$cli" "$@"; }
health() { d inspect -f "{{.State.Health.$2}}" "$1"; }
is() { [ "$(health "$1" Status)" = "$2" ]; }
words() { d ps -a --filter "name=^/$1$" --format '{{.Status}}'; }

start_stack busybox
expect_ok d pull busybox
mark
since=$(date +%s)

# ---- from starting to healthy to unhealthy, and the log of it
expect_ok d run -d --name web --network none --health-cmd 'echo was here; test -e /ok' \
	--health-interval 200ms --health-retries 2 --health-start-period 1h --health-start-interval 50ms \
	busybox sleep 1000
expect_match "ps while it starts" '^Up .* \(health: starting\)$' "$(words web)"
expect_eq "found by its health" web "$(d ps --filter health=starting --format '{{.Names}}')"
expect_ok wait_for 5 sh -c "[ \$('$cli' inspect -f '{{len .State.Health.Log}}' web) -ge 3 ]"
expect_eq "failures of the start period do not count" "starting 0" "$(health web Status) $(health web FailingStreak)"
expect_ok d exec web touch /ok
expect_ok wait_for 5 is web healthy
expect_match "ps when it is healthy" '^Up .* \(healthy\)$' "$(words web)"
expect_ok d exec web rm /ok
expect_ok wait_for 5 is web unhealthy
expect_match "ps when it is not" '^Up .* \(unhealthy\)$' "$(words web)"
expect_ok wait_for 5 sh -c "[ \$('$cli' inspect -f '{{len .State.Health.Log}}' web) = 5 ]"
expect_eq "no more than five results are kept" 5 "$(d inspect -f '{{len .State.Health.Log}}' web)"
expect_eq "status and output" "1 was here" "$(d inspect -f '{{with index .State.Health.Log 4}}{{.ExitCode}} {{.Output}}{{end}}' web)"
expect_eq "events" "health_status: healthy|health_status: unhealthy|" \
	"$(d events --since "$since" --until "$(date +%s.%N)" --filter container=web --filter event=health_status \
		--format '{{.Action}}' | tr '\n' '|')"

# ---- a pause, a killed daemon, an end
expect_ok d exec web touch /ok
expect_ok wait_for 5 is web healthy
expect_ok d pause web
expect_match "a paused one is not asked" '^Up .* \(Paused\)$' "$(words web)"
expect_ok d unpause web
expect_ok wait_for 5 is web healthy
stop dockerd KILL
start_dockerd
expect_eq "after the daemon was killed" "healthy 5" "$(health web Status) $(d inspect -f '{{len .State.Health.Log}}' web)"
expect_ok d exec web rm /ok
expect_ok wait_for 5 is web unhealthy
expect_ok d restart -t 0 web
expect_eq "a restart begins anew" "starting 0" "$(health web Status) $(health web FailingStreak)"
expect_ok d kill web
expect_match "ended" '^Exited \(137\)' "$(words web)"
expect_eq "is not healthy" unhealthy "$(health web Status)"

# ---- checks that hang, that cannot be run, that are turned off
expect_ok d run -d --name slow --network none --health-cmd 'echo begun; sleep 1000' --health-interval 50ms \
	--health-timeout 200ms --health-retries 1 busybox sleep 1000
expect_ok wait_for 5 is slow unhealthy
expect_eq "too late" "-1 Health check exceeded timeout (200ms): begun" \
	"$(d inspect -f '{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}' slow)"
expect_eq "a daemonised rest holds nobody up" healthy "$(d run -d --name rest --network none \
	--health-cmd 'sleep 1000 & true' --health-interval 50ms busybox sleep 1000 >/dev/null
	wait_for 5 is rest healthy; health rest Status)"
printf '{"Image":"busybox","Cmd":["sleep","1000"],"HostConfig":{"NetworkMode":"none"},"Healthcheck":%s}' \
	'{"Test":["CMD","/no/such"],"Interval":50000000,"Retries":1}' >"$T/body"
api() { curl -s --unix-socket "${DOCKER_HOST#unix://}" "$@"; }
expect_match "made by hand" '"Id"' "$(api -H 'Content-Type: application/json' -d @"$T/body" "http://d/v1.43/containers/create?name=broken")"
expect_eq "no health before the first start" "<nil>" "$(d inspect -f '{{.State.Health}}' broken)"
expect_ok d start broken
expect_ok wait_for 5 is broken unhealthy
expect_match "cannot be run" '^-1 OCI runtime exec failed: .*/no/such' \
	"$(d inspect -f '{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}' broken)"
expect_ok d run -d --name off --network none --no-healthcheck busybox sleep 1000
expect_eq "none" "off" "$(d ps --filter health=none --format '{{.Names}}')"
expect_fail 125 'Interval in Healthcheck cannot be less than 1ms' d run --health-cmd true --health-interval 1us busybox true
expect_ok d rm -f web slow rest broken off

expect_unchanged
stop_stack
done_testing
