#!/bin/bash
# The assembled images are proper OCI images in the eyes of skopeo and umoci,
# with the content that their configuration promises, and come out the same twice.
. "${0%/*}/lib.sh"
need skopeo umoci

for name in busybox nginx; do
	layout=$(image $name)
	expect_ok skopeo inspect --config "oci:$layout:latest"
	config=$output
	expect_match "$name has a history that names its layers" '"created_by"' "$config"
	expect_ok umoci stat --image "$layout:latest"
	layers=$(skopeo inspect "oci:$layout:latest" | grep -c '^ *"sha256:.*[0-9a-f]\{64\}",*$')
	expect_eq "$name has at least two layers" yes "$([ "$layers" -ge 2 ] && echo yes || echo "no: $layers")"
	# umoci checks every digest and diff ID as it unpacks.
	expect_ok umoci unpack --image "$layout:latest" "$T/$name"
done
expect_match "nginx exposes its port" '"80/tcp"' "$config"
expect_match "nginx is stopped by SIGQUIT" '"StopSignal": *"SIGQUIT"' "$config"
expect_eq "nginx logs to the container's output" /dev/stdout "$(readlink "$T/nginx/rootfs/var/log/nginx/access.log")"
expect_match "nginx runs in its root" 'nginx version: nginx/[0-9]' "$(chroot "$T/nginx/rootfs" nginx -v 2>&1)"
expect_eq "busybox has its applets" hello "$(chroot "$T/busybox/rootfs" /bin/sh -c 'echo hello | cat')"

# The same packages again, elsewhere: the same bytes.
mkdir -p "$T/again/build"
cp -r "$TOP/tests/images/build/packages" "$T/again/build/"
cp "$TOP/tests/images/image" "$T/again/"
expect_ok "$T/again/image" busybox
expect_eq "the same packages give the same image" "$(cat "$layout/../busybox/index.json")" "$(cat "$T/again/build/busybox/index.json")"
done_testing
