#!/bin/bash
# A corpus of Dockerfiles, each for one behaviour, builds to the files and the Config that real buildah made
# of it (kept in build_corpus.txt). RECORD=1, where buildah is, makes that anew.
. "${0%/*}/lib.sh"
need python3
if [ -n "${RECORD:-}" ]; then
	need buildah
	echo "{}" >"$DOCKER_CONFIG/config.json" # buildah wants the file to be there
	# Names of images are made of paths, which must then be in lower case.
	mount -t tmpfs images /mnt && cp -r "$(image busybox)" /mnt/busybox || fail "copy the image"
	printf '[containers]\ndefault_ulimits = ["nofile=%s:%s"]\n' "$(ulimit -Hn)" "$(ulimit -Hn)" >"$T/containers.conf"
	printf '[storage]\ndriver = "overlay"\nrunroot = "/mnt/run"\ngraphroot = "/mnt/graph"\n' >"$T/storage.conf"
	export CONTAINERS_CONF=$T/containers.conf CONTAINERS_STORAGE_CONF=$T/storage.conf
	expect_ok python3 "$TOP/tests/e2e/build_corpus.py" --record /mnt/busybox
	done_testing
fi
start_stack busybox
expect_ok docker pull -q busybox
expect_ok python3 "$TOP/tests/e2e/build_corpus.py" "$T/docker.sock"
expect_match "how many" '^38 Dockerfiles, 0 ' "$output"
done_testing
