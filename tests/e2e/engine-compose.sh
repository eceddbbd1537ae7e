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
    build: {context: worker, args: {WHAT: working}, labels: {built: "yes"}, target: last}
    image: shop-worker
    command: sh -c "cat /what; exec sleep 1000"
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

mkdir worker && printf 'skipped\n' >worker/skipped && printf 'skipped\n' >worker/.dockerignore
printf 'FROM busybox AS last\nARG WHAT\nCOPY . /ctx/\nRUN echo $WHAT >/what && test ! -e /ctx/skipped\nFROM last\nRUN exit 1\n' >worker/Dockerfile

of_shop='{"label":["com.docker.compose.project=shop"]}'
listed() { # PATH: what the daemon has of the project
	curl -fsSG --unix-socket "$T/docker.sock" "http://d/$1" --data-urlencode "filters=$of_shop" ${2:+-d "$2"}
}
of_project() { docker "$@" --filter label=com.docker.compose.project=shop; }
services() { of_project ps --format '{{.Label "com.docker.compose.service"}}' | sort | uniq -c | xargs; }

c() { $compose "$@"; } # a command of one word or two
life() {
	expect_ok env DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0 $compose build
	expect_eq "$compose: build, with a label" yes "$(docker inspect -f '{{.Config.Labels.built}}' shop-worker)"
	expect_ok c up -d --scale worker=2
	expect_eq "$compose: what runs" "1 db 1 web 2 worker" "$(services)"
	expect_match "$compose: its networks and volumes" 'shop_back.*shop_data' "$(listed networks) $(listed volumes)"
	expect_ok wait_for 5 curl -fsS http://127.0.0.1:8088/page
	expect_eq "$compose: web waited for db, and found it by its alias" ready "$(curl -fsS http://127.0.0.1:8088/page)"
	expect_match "$compose: ps" 'healthy' "$(c ps)"
	expect_eq "$compose: exec" "hello world" "$(c exec -T web sh -c 'echo $GREETING' </dev/null)"
	expect_eq "$compose: logs" 2 "$(c logs worker | grep -c working)"
	expect_fail any '' c exec -T worker ping -c1 -w1 192.0.2.1 # back is internal
	expect_ok c run --rm -T worker sh -c 'wget -qO- http://db:5432/ready'
	expect_match "$compose: run" '^ready' "$output"
	before=$(docker ps -q --no-trunc --filter label=com.docker.compose.service=worker | sort)
	expect_ok c restart worker
	expect_eq "$compose: restart keeps the containers" "$before" \
		"$(docker ps -q --no-trunc --filter label=com.docker.compose.service=worker | sort)"
	WHO=moon expect_ok c up -d --scale worker=1
	expect_eq "$compose: scaled down" "1 db 1 web 1 worker" "$(services)"
	expect_eq "$compose: what changed is made anew" "hello moon" "$(c exec -T web sh -c 'echo $GREETING' </dev/null)"
	expect_ok c down -v
	expect_eq "$compose: no container is left" "[]" "$(listed containers/json all=1)"
	expect_eq "$compose: no network is left" "[]" "$(listed networks)"
	expect_match "$compose: no volume is left" '"Volumes":\[\]' "$(listed volumes)"
}

for compose in "${composes[@]}"; do
	life
done
stop_stack
done_testing
