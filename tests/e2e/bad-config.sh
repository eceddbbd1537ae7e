#!/bin/bash
# A broken config.json: runc says in one line what is wrong with it, exits with
# 1, and leaves nothing: no state, no cgroup, no mount, no process.
. "${0%/*}/lib.sh"
need python3

bundle=$T/bundle
mkdir -p "$bundle/rootfs/bin"
cp "$(command -v busybox)" "$bundle/rootfs/bin/sh" 2>/dev/null || skip "busybox is not installed"
(cd "$bundle" && expect_ok runc spec) || exit 1
cp "$bundle/config.json" "$T/good.json"
edit() { # PYTHON-STATEMENT with c, the document
	python3 -c "import json,sys; c = json.load(open('$T/good.json')); $1; json.dump(c, open('$bundle/config.json', 'w'))" ||
		fail "edit $1"
}
quiet="c['process']['terminal'] = False"
edit "$quiet; c['process']['args'] = ['/bin/sh', '-c', 'echo fine']"
echo good >>"$T/ids"
echo bad >>"$T/ids"
expect_eq "the bundle works as it is" fine "$(runc run --bundle "$bundle" good </dev/null)"
mark

bad() { # WHAT REGEX
	expect_fail 1 "$2" runc run --bundle "$bundle" bad
	expect_eq "one line of error for $1: $output" 1 "$(grep -c . <<<"$output")"
	expect_eq "no state is left by $1" "" "$(ls "$T/runc" 2>/dev/null)"
	expect_unchanged "$1"
}
rm "$bundle/config.json"
bad "no config.json" 'config.json'
echo '{ "ociVersion": "1.0.2", ' >"$bundle/config.json"
bad "half a config.json" 'config.json'
echo '[]' >"$bundle/config.json"
bad "no object" 'config.json|object'
edit "$quiet; del c['ociVersion']"
bad "no ociVersion" 'ociVersion'
edit "$quiet; c['ociVersion'] = '9.0.0'"
bad "a version of the future" '9\.0\.0'
edit "$quiet; c['process']['args'] = []"
bad "no args" 'args'
edit "$quiet; c['process']['args'] = 'sh'"
bad "args of the wrong type" 'args'
edit "$quiet; c['process']['cwd'] = 'relative'"
bad "a relative cwd" 'cwd'
edit "$quiet; c['root']['path'] = 'nowhere'"
bad "a root that is not there" 'nowhere'
edit "$quiet; c['linux']['namespaces'].append({'type': 'dream'})"
bad "an unknown namespace" 'dream'
edit "$quiet; c['mounts'].append({'destination': '/x', 'type': 'nonesuchfs', 'source': 'x'})"
bad "an unknown file system" 'nonesuchfs'
edit "$quiet; c['mounts'].append({'destination': '/a/../..', 'type': 'bind', 'source': '/nowhere', 'options': ['bind']})"
bad "a bind mount of nothing" 'nowhere'
edit "$quiet; c['process']['args'] = ['/no/such/program']"
bad "a program that is not there" '/no/such/program'
edit "$quiet; c['hooks'] = {'prestart': [{'path': '/no/such/hook'}]}"
bad "a hook that is not there" 'hook'
edit "$quiet; c['hooks'] = {'createRuntime': [{'path': '/bin/false'}]}"
bad "a hook that fails" 'hook|/bin/false'
expect_fail 1 'bundle|nowhere|config.json' runc run --bundle "$T/nowhere" bad
expect_fail 1 'id|name' runc run --bundle "$bundle" 'bad/../id'
expect_fail 1 'does not exist|not found|no container' runc state nobody
done_testing
