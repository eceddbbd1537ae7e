#!/bin/bash
# tests/layers, which guards the order of the stages, fails on each thing that
# it is there to find. It is run on a copy with one of each put in.
. "${0%/*}/lib.sh"
need python3 gcc

tree=$T/tree
mkdir "$tree"
(cd "$TOP" && tar -c --exclude=.git --exclude=.run --exclude=tests/images/build --exclude=tests/vm/build \
	--exclude=tests/fuzz/build .) | tar -x -C "$tree"
expect_ok python3 "$tree/tests/layers"

echo '#include "03-containerd/content.h"' >"$tree/02-runc/bad.c"
mkdir "$tree/07-more"
echo 'See [the nothing](nothing.md) and [here](ns.h#kern_no_such_thing).' >>"$tree/01-kernel/README.md"
symbol=$(nm -P -g "$TOP/06-registry/libregistry.a" | awk '$2 == "T" { print $1; exit }')
echo "void $symbol(void); void kern_bad(void); void kern_bad(void) { $symbol(); }" >"$T/bad.c"
gcc -c -o "$T/bad.o" "$T/bad.c"
ar r "$tree/01-kernel/libkernel.a" "$T/bad.o" 2>/dev/null
sed -i 's/| yes |/| no |/' "$tree/02-runc/CONFORMANCE.md"
sed -i 's/^USES.*/& 04-dockerd/' "$tree/03-containerd/Makefile"

# One line for each check that fails, with what is wrong under it.
expect_fail 1 '^FAIL' python3 "$tree/tests/layers"
found=$(awk '/^(ok|FAIL)/ { check = $0; next } { print check $0 }' <<<"$output" | grep ^FAIL)
finds() { expect_match "what it finds" "$1.*\| .*$2" "$found"; } # CHECK REGEX
finds '02-runc includes only what lies below' '02-runc/bad.c:1'
finds 'stands at the top level' '07-more does not belong'
finds '01-kernel/README.md has no dead link' 'kern_no_such_thing'
finds '01-kernel/README.md has no dead link' 'nothing.md: no such file'
finds '01-kernel uses symbols only' "$symbol of 06-registry"
finds 'what its tests print' 'CONFORMANCE.md:[0-9]'
finds '03-containerd includes only what lies below' 'USES 04-dockerd'
expect_eq "and nothing else" 6 "$(grep -c ^FAIL <<<"$output")"
done_testing
