#!/bin/bash
# docker-compose projects on dockerd: services that wait for each other's health, networks with
# aliases, named volumes, scaling, logs, exec, and a `down` after which nothing is left. With
# every Compose that is installed: the docker-compose of Python, and the CLI's plugin.
. "${0%/*}/lib.sh"
composes=()
command -v docker-compose >/dev/null && composes+=("$(command -v docker-compose)")
cli=$(real_docker)
# The plugins are looked for under the home directory too, which is another one here.
[ -n "$cli" ] && "$cli" compose version >/dev/null 2>&1 && composes+=("$cli compose")
[ ${#composes[@]} -gt 0 ] || skip "no docker-compose is installed"

start_stack busybox
expect_ok docker pull busybox
project=$T/shop
mkdir "$project"
cd "$project" || fail "$project"
cat >docker-compose.yml <<'END'
version: "2.4"
services:
  db:
    image: busybox
    command: sh -c "sleep 0.3; echo ready >/data/ready; exec httpd -f -p 5432 -h /data"
    volumes: ["data:/data"]
    networks:
      back: {aliases: [database]}
    healthcheck: {test: ["CMD", "test", "-f", "/data/ready"], interval: 1s, timeout: 2s, retries: 20}
    stop_signal: SIGKILL
  web:
    image: busybox
    command: sh -c "wget -qO /srv/page http://database:5432/ready && echo fetched && exec httpd -f -p 80 -h /srv"
    depends_on:
      db: {condition: service_healthy}
    environment: {GREETING: "hello ${WHO:-world}"}
    tmpfs: [/srv]
    mem_limit: 64m
    networks: [back, front]
    ports: ["127.0.0.1:8088:80"]
    restart: unless-stopped
    stop_signal: SIGKILL
  worker:
    image: busybox
    command: sh -c "echo working; exec sleep 1000"
    networks: [back]
    labels: {role: worker}
    logging: {driver: json-file, options: {max-size: 1m}}
    stop_signal: SIGKILL
networks:
  back: {driver: bridge, internal: true, ipam: {config: [{subnet: 10.88.0.0/24}]}}
  front: {}
volumes:
  data: {labels: {keep: "no"}}
END

of_project() { docker "$@" --filter label=com.docker.compose.project=shop; }
services() { of_project ps --format '{{.Label "com.docker.compose.service"}}' | sort | uniq -c | xargs; }

life() { # COMPOSE: one command of one word or two
	c() { $1 "${@:2}"; }
	expect_ok c "$1" config
	expect_ok c "$1" up -d --scale worker=2
	expect_eq "$1: what runs" "1 db 1 web 2 worker" "$(services)"
	expect_ok wait_for 5 curl -fsS http://127.0.0.1:8088/page
	expect_eq "$1: web waited for db, and found it by its alias" ready "$(curl -fsS http://127.0.0.1:8088/page)"
	expect_match "$1: ps" 'healthy' "$(c "$1" ps)"
	expect_eq "$1: exec" "hello world" "$(c "$1" exec -T web sh -c 'echo $GREETING' </dev/null)"
	expect_eq "$1: logs" 2 "$(c "$1" logs worker | grep -c working)"
	expect_fail any '' c "$1" exec -T worker ping -c1 -w1 192.0.2.1 # back is internal
	expect_ok c "$1" run --rm -T worker sh -c 'wget -qO- http://db:5432/ready'
	expect_match "$1: run" '^ready' "$output"
	before=$(docker ps -q --no-trunc --filter label=com.docker.compose.service=worker | sort)
	expect_ok c "$1" restart worker
	expect_eq "$1: restart keeps the containers" "$before" \
		"$(docker ps -q --no-trunc --filter label=com.docker.compose.service=worker | sort)"
	expect_ok c "$1" up -d --scale worker=3
	expect_eq "$1: scaled up" "1 db 1 web 3 worker" "$(services)"
	expect_ok c "$1" up -d --scale worker=1
	expect_eq "$1: scaled down" "1 db 1 web 1 worker" "$(services)"
	WHO=moon expect_ok c "$1" up -d
	expect_eq "$1: what changed is made anew" "hello moon" "$(c "$1" exec -T web sh -c 'echo $GREETING' </dev/null)"
	expect_match "$1: top" 'httpd' "$(c "$1" top)"
	expect_ok c "$1" pause worker
	expect_ok c "$1" unpause worker
	expect_ok c "$1" kill worker
	expect_ok c "$1" rm -f worker
	expect_eq "$1: killed and removed" "1 db 1 web" "$(services)"
	expect_ok c "$1" stop web
	expect_ok c "$1" start web
	expect_ok c "$1" down -v
	expect_eq "$1: nothing runs" "" "$(of_project ps -a -q)"
	expect_eq "$1: no network is left" "" "$(docker network ls -q --filter name=shop_)"
	expect_eq "$1: no volume is left" "" "$(docker volume ls -q --filter name=shop_)"
}

for compose in "${composes[@]}"; do
	life "$compose"
done
stop_stack
done_testing
