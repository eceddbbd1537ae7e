#!/bin/bash
# Real buildah runs the steps of a build on our runc.
. "${0%/*}/lib.sh"
need buildah
echo "{}" >"$DOCKER_CONFIG/config.json" # buildah wants the file to be there

buildah() { command buildah --root "$T/buildah" --runroot "$T/buildah-run" "$@"; }
oci=(--runtime "$TOP/02-runc/runc" --isolation oci --cgroup-parent "/dockyard-buildah-${T##*.}")
run() { # CONTAINER [OPTION...] -- COMMAND...
	buildah run "${oci[@]:0:4}" "$@"
}
trap 'find /sys/fs/cgroup -depth -type d -path "*dockyard-buildah-${T##*.}*" -exec rmdir {} + 2>/dev/null' EXIT
all_hierarchies

# buildah makes the image's name of the path, which must then be in lower case.
mount -t tmpfs images /mnt && cp -r "$(image busybox)" /mnt/busybox || fail "copy the image"
# The default limit on open files is above ours, and raising it takes CAP_SYS_RESOURCE.
printf '[containers]\ndefault_ulimits = ["nofile=%s:%s"]\n' "$(ulimit -Hn)" "$(ulimit -Hn)" >"$T/containers.conf"
export CONTAINERS_CONF=$T/containers.conf
expect_ok buildah from --name working --network none --pull-always oci:/mnt/busybox
mark

expect_eq "run prints" hello "$(run working echo hello)"
run working sh -c 'exit 7' 2>/dev/null
expect_eq "run returns the exit status" 7 $?
expect_fail any 'executable file not found in \$PATH|no such file' run working no-such-program
expect_eq "the user, without capabilities" "1000 0000000000000000" "$(run --user 1000 --cap-drop all working \
	sh -c 'echo "$(id -u) $(grep CapEff /proc/self/status | cut -f2)"')"
expect_eq "a volume is mounted read-only" ro \
	"$(run -v "$T/home:/mnt:ro" working sh -c 'touch /mnt/x 2>/dev/null || echo ro')"
expect_match "-t gives a terminal" /dev/pts/ \
	"$(script -qec "buildah --root $T/buildah --runroot $T/buildah-run run ${oci[*]:0:4} -t working tty" /dev/null </dev/null)"
expect_ok run working sh -c 'echo made >/file'
expect_eq "what a step makes stays" made "$(run working cat /file)"

mkdir "$T/context"
cat >"$T/context/Containerfile" <<'END'
FROM oci:/mnt/busybox
RUN echo one >/one && test "$(cat /proc/1/comm)" = sh
RUN --mount=type=tmpfs,target=/scratch touch /scratch/x && test -e /one
END
expect_ok buildah bud "${oci[@]}" --memory 64m --network none -q -t built "$T/context"
expect_ok buildah from --name again --network none built
expect_eq "the build has its files" one "$(run again cat /one)"
printf 'FROM oci:/mnt/busybox\nRUN exit 3\n' >"$T/context/Containerfile"
expect_fail any 'exit status 3' buildah bud "${oci[@]}" --network none -q "$T/context"
expect_unchanged buildah
done_testing
