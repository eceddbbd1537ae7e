#!/bin/bash
# tests/layers, which guards the order of the stages, fails on each thing that
# it is there to find. It is run on a copy with that one thing put in.
. "${0%/*}/lib.sh"
need python3 gcc

copy() {
	rm -rf "$T/tree"
	mkdir "$T/tree"
	(cd "$TOP" && tar -c --exclude=.git --exclude=.run --exclude=tests/images/build --exclude=tests/vm/build \
		--exclude=tests/fuzz/build .) | tar -x -C "$T/tree"
}
layers() { python3 "$T/tree/tests/layers"; }
finds() { # WHAT REGEX; $broken is what was put in
	expect_fail 1 "^FAIL.*$1" layers
	expect_match "$1: says where" "$2" "$output"
}
copy
expect_ok layers

echo '#include "03-containerd/content.h"' >"$T/tree/02-runc/bad.c"
finds 'includes only what lies below' '02-runc/bad.c:1'
rm "$T/tree/02-runc/bad.c"

mkdir "$T/tree/07-more"
finds 'stands at the top level' '07-more does not belong'
rmdir "$T/tree/07-more"

echo 'See [the nothing](nothing.md) and [here](ns.h#kern_no_such_thing).' >>"$T/tree/01-kernel/README.md"
finds 'dead link' 'kern_no_such_thing'
expect_match "and the file" 'nothing.md: no such file' "$output"
cp "$TOP/01-kernel/README.md" "$T/tree/01-kernel/"

symbol=$(nm -P -g "$TOP/06-registry/libregistry.a" | awk '$2 == "T" { print $1; exit }')
echo "void $symbol(void); void kern_bad(void); void kern_bad(void) { $symbol(); }" >"$T/bad.c"
gcc -c -o "$T/bad.o" "$T/bad.c"
ar r "$T/tree/01-kernel/libkernel.a" "$T/bad.o" 2>/dev/null
finds 'uses symbols only' "$symbol of 06-registry"
cp "$TOP/01-kernel/libkernel.a" "$T/tree/01-kernel/"

sed -i 's/| yes |/| no |/' "$T/tree/02-runc/CONFORMANCE.md"
finds 'what its tests print' 'CONFORMANCE.md:[0-9]'
cp "$TOP/02-runc/CONFORMANCE.md" "$T/tree/02-runc/"

sed -i 's/^USES.*/& 04-dockerd/' "$T/tree/03-containerd/Makefile"
finds 'includes only what lies below' 'USES 04-dockerd'
done_testing
