#!/bin/bash
# Who may do what: passwords, and what a client that has none is told. With curl;
# registry-clients.sh has the programs that log in.
. "${0%/*}/lib.sh"

BASE=http://$REGISTRY
# Openwall's test vectors: the passwords are U*U and U*U*.
alice='alice:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
bob='bob:$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'
# ask CURL-ARGUMENTS...: sets $status, $headers (lower-case names), $body.
ask() {
	status=$(curl -s --path-as-is -o "$T/body" -D "$T/headers" -w '%{http_code}' "$@")
	headers=$(tr -d '\r' <"$T/headers" | sed 's/^[^:]*:/\L&/')
	body=$(tr -d '\0' <"$T/body")
}
header() { sed -n "s/^$1: //p" <<<"$headers"; }
# expect STATUS WHAT CURL-ARGUMENTS...
expect() {
	local want=$1 what=$2
	shift 2
	ask "$@"
	expect_eq "$what" "$want" "$status"
}
# expect_code STATUS CODE WHAT CURL-ARGUMENTS...: an error of the specification.
expect_code() {
	local want=$1 code=$2
	shift 2
	expect "$want" "$@"
	expect_match "$1" "^\{\"errors\":\[\{\"code\":\"$code\",\"message\":\".+\"\}\]\}$" "$body"
}
listen() {
	launch registry "$TOP/06-registry/registry" --root "$T/registry" --addr "$REGISTRY" "$@"
	ready registry 10 curl -s "$BASE/v2/"
}
sha() { echo "sha256:$(sha256sum <<<"$1" | cut -d' ' -f1)"; }
push() { # WHAT-STATUS REPOSITORY TEXT CURL-ARGUMENTS...
	expect "$1" "push to $2" -X POST --data-binary @- "${@:4}" "$BASE/v2/$2/blobs/uploads/?digest=$(sha "$3")" <<<"$3"
}

# ---- passwords with each request ---------------------------------------------
echo 'carol:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/' >"$T/users"
expect_fail 1 'users, line 1: the password of carol is not a bcrypt hash' \
	"$TOP/06-registry/registry" --root "$T/registry" --addr "$REGISTRY" --htpasswd "$T/users"
printf '%s\n' '# people' "$alice" >"$T/users"
listen --htpasswd "$T/users"

expect_code 401 UNAUTHORIZED "nobody" "$BASE/v2/"
expect_eq "is asked for a password" 'Basic realm="registry"' "$(header www-authenticate)"
expect_eq "by a registry" registry/2.0 "$(header docker-distribution-api-version)"
expect 200 "alice" -u 'alice:U*U' "$BASE/v2/"
for who in 'alice:U*U*' alice: 'bob:U*U' :; do
	expect_code 401 UNAUTHORIZED "$who" -u "$who" "$BASE/v2/"
done
for header in 'Basic' 'Basic !' 'Basic YWxpY2U=' 'Negotiate x' 'Bearer x' 'basic'; do
	expect_code 401 UNAUTHORIZED "Authorization: $header" -H "Authorization: $header" "$BASE/v2/"
done
expect 200 "the scheme is in any case" -H "Authorization: bASIC $(printf 'alice:U*U' | base64)" "$BASE/v2/"

push 201 one hello -u 'alice:U*U'
push 401 one other
expect_code 404 BLOB_UNKNOWN "nothing of it is kept" -u 'alice:U*U' "$BASE/v2/one/blobs/$(sha other)"
expect 200 "alice pulls" -u 'alice:U*U' "$BASE/v2/one/blobs/$(sha hello)"
for path in "one/blobs/$(sha hello)" one/tags/list "one/referrers/$(sha hello)" one/manifests/x _catalog \
	one/blobs/uploads/00000000-0000-4000-8000-000000000000 '%6fne/tags/list'; do
	expect_code 401 UNAUTHORIZED "nobody reads $path" "$BASE/v2/$path"
done
for path in "one/blobs/$(sha hello)" one/manifests/x one/blobs/uploads/00000000-0000-4000-8000-000000000000; do
	expect_code 401 UNAUTHORIZED "nobody deletes $path" -X DELETE "$BASE/v2/$path"
done
expect_code 401 UNAUTHORIZED "nobody puts a manifest" -X PUT --data x "$BASE/v2/one/manifests/x"

# The file is read again when it changes; a bad edition is reported, and the last one stays.
printf '%s\n' "$bob" >"$T/users"
expect_code 401 UNAUTHORIZED "alice has gone" -u 'alice:U*U' "$BASE/v2/"
expect 200 "bob has come" -u 'bob:U*U*' "$BASE/v2/"
echo nonsense >"$T/users"
expect 200 "bob stays" -u 'bob:U*U*' "$BASE/v2/"
expect_match "the log says why" 'users, line 1: expected NAME:HASH' "$(cat "$T/registry.log")"
expect_no_match "no password is in the log" 'U\*U' "$(cat "$T/registry.log")"
stop_registry

# ---- rights by repository ------------------------------------------------------
printf '%s\n' "$alice" "$bob" >"$T/users"
echo 'alice team/* fetch' >"$T/access"
expect_fail 1 'access, line 1: "fetch" is none of pull, push, delete' \
	"$TOP/06-registry/registry" --root "$T/registry" --addr "$REGISTRY" --htpasswd "$T/users" --access "$T/access"
expect_fail 2 '--access needs --htpasswd' "$TOP/06-registry/registry" --root "$T/registry" --access "$T/access"
cat >"$T/access" <<END
anonymous   public/**      pull
*           team/*         pull
alice       **             pull,push
alice       team/*         delete
alice       catalog
END
listen --htpasswd "$T/users" --access "$T/access"
push 201 team/web hello -u 'alice:U*U'
push 201 public/a/b hello -u 'alice:U*U'
push 201 secret hello -u 'alice:U*U'
push 403 team/web other -u 'bob:U*U*'
expect_match "it is denied" '"code":"DENIED","message":"bob may not ' "$body"
push 401 public/a/b other
# may STATUS WHO REPOSITORY [CURL-ARGUMENTS...]: the blob of the repository.
may() {
	local as=()
	[ "$2" = nobody ] || as=(-u "$2")
	expect "$1" "$2 and $3" "${as[@]}" "${@:4}" "$BASE/v2/$3/blobs/$(sha hello)"
}
may 200 nobody public/a/b
may 401 nobody team/web
may 200 'bob:U*U*' team/web
may 403 'bob:U*U*' secret
may 200 'bob:U*U*' public/a/b
may 403 'alice:U*U' secret -X DELETE
may 202 'alice:U*U' team/web -X DELETE
expect_code 400 NAME_INVALID "a name that is none" "$BASE/v2/a%22b/tags/list"
expect 403 "bob and the catalog" -u 'bob:U*U*' "$BASE/v2/_catalog"
expect 200 "alice and the catalog" -u 'alice:U*U' "$BASE/v2/_catalog"
expect 401 "nobody has to log in" "$BASE/v2/"
stop_registry
done_testing
