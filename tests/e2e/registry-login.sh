#!/bin/bash
# Who may do what: passwords, and what a client that has none is told. With curl;
# registry-clients.sh has the programs that log in.
. "${0%/*}/lib.sh"
. "${0%/*}/ask_lib.bash"

# Openwall's test vectors: the passwords are U*U and U*U*.
alice='alice:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
bob='bob:$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'
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
listen --htpasswd "$T/users" --access "$T/access" --access-log "$T/requests"
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
expect_match "the access log says who it was" '^127.0.0.1 - alice \[[^]]*\] "GET /v2/_catalog ' "$(cat "$T/requests")"

# A browser's pages are a catalog, of what one may pull.
for name in team/seeded secret/seeded; do
	expect_ok registry seed --root "$T/registry" "$(image busybox)" $name
done
expect 403 "bob and the pages" -u 'bob:U*U*' "$BASE/"
echo 'bob catalog' >>"$T/access"
expect 200 "bob may see what there is" -u 'bob:U*U*' "$BASE/"
expect_match "what he may pull" 'repository=team/seeded' "$body"
expect_no_match "and no more" 'secret/seeded' "$body"
expect 403 "nor by its name" -u 'bob:U*U*' "$BASE/?repository=secret/seeded"
sed -i '/^bob/d' "$T/access"
expect 401 "a browser is asked for a password" "$BASE/"
expect_match "it understands" '^Basic ' "$(header www-authenticate)"

# ---- tokens -----------------------------------------------------------------------
scheme="Bearer realm=\"$BASE/token\",service=\"dockyard-registry\""
expect_code 401 UNAUTHORIZED "nobody has to log in" "$BASE/v2/"
expect_eq "and is told where" "$scheme" "$(header www-authenticate)"
ask "$BASE/v2/team/web/tags/list"
expect_eq "what to ask for, to pull" "$scheme,scope=\"repository:team/web:pull\"" "$(header www-authenticate)"
ask -X POST "$BASE/v2/team/web/blobs/uploads/"
expect_eq "to push" "$scheme,scope=\"repository:team/web:pull,push\"" "$(header www-authenticate)"
ask -X DELETE "$BASE/v2/team/web/manifests/v1"
expect_eq "to delete" "$scheme,scope=\"repository:team/web:delete\"" "$(header www-authenticate)"
ask "$BASE/v2/_catalog"
expect_eq "and to list all" "$scheme,scope=\"registry:catalog:*\"" "$(header www-authenticate)"
expect_code 400 NAME_INVALID "a host that would end the quotation" -H 'Host: a"b' "$BASE/v2/"

# token WHO SCOPE...: sets $token and, by asking /token, $body.
token() {
	local who=$1 args=(-d service=dockyard-registry) s
	shift
	[ "$who" = nobody ] || args+=(-u "$who")
	for s; do args+=(--data-urlencode "scope=$s"); done
	ask -G "${args[@]}" "$BASE/token"
	expect_eq "a token for $who" 200 "$status"
	token=$(sed -n 's/.*"token":"\([^"]*\)".*/\1/p' <<<"$body")
}
# scope EXPECTED WHO SCOPE...: what is granted of it.
scope() {
	token "${@:2}"
	expect_eq "$2 asks for ${*:3}" "$1" "$(sed -n 's/.*"scope":"\([^"]*\)".*/\1/p' <<<"$body")"
}
scope 'repository:team/web:pull' 'bob:U*U*' repository:team/web:pull,push
scope 'repository:team/web:pull,push,delete' 'alice:U*U' 'repository:team/web:*'
scope 'repository:a/b:pull,push repository:team/web:pull' 'alice:U*U' 'repository:a/b:push,pull,delete repository:team/web:pull'
scope 'repository:public/x:pull' nobody repository:public/x:pull,push repository:team/web:pull registry:catalog:*
scope 'registry:catalog:*' 'alice:U*U' registry:catalog:* repository:UPPER:pull repository:x nonsense : ::
scope '' 'bob:U*U*' registry:catalog:* repository:secret:pull plugin:team/web:pull
expect_code 401 UNAUTHORIZED "no token for a wrong password" -u 'bob:U*U' "$BASE/token"
expect_eq "a password is what would help" 'Basic realm="registry"' "$(header www-authenticate)"
expect_code 400 UNSUPPORTED "nor for another service" "$BASE/token?service=elsewhere"
expect_code 400 UNSUPPORTED "nor for so many scopes" -G $(printf ' -d scope=repository:r%s:pull' {1..65}) "$BASE/token"

token 'bob:U*U*' repository:team/web:pull,push
as_bob=(-H "Authorization: Bearer $token")
expect 200 "a token is a login" "${as_bob[@]}" "$BASE/v2/"
expect 404 "bob's token pulls" "${as_bob[@]}" "$BASE/v2/team/web/manifests/v1"
expect_code 401 DENIED "but does not push" "${as_bob[@]}" -X POST "$BASE/v2/team/web/blobs/uploads/"
expect_eq "which a better one would" "$scheme,scope=\"repository:team/web:pull,push\",error=\"insufficient_scope\"" "$(header www-authenticate)"
expect_code 401 UNAUTHORIZED "a forged one" -H "Authorization: Bearer ${token}A" "$BASE/v2/"
expect_match "is none" 'error="invalid_token"' "$(header www-authenticate)"
python3 - "$token" "$T/registry/token.key" <<'END' || fail "Python does not agree on the token's signature"
import base64, hashlib, hmac, json, sys
decode = lambda s: base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
head, claims, signature = sys.argv[1].split(".")
mac = hmac.new(open(sys.argv[2], "rb").read(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
claims = json.loads(decode(claims))
access = [{"type": "repository", "name": "team/web", "actions": ["pull"]}]
sys.exit(mac != decode(signature) or json.loads(decode(head))["alg"] != "HS256" or claims["access"] != access
         or claims["sub"] != "bob" or claims["aud"] != "dockyard-registry" or claims["exp"] - claims["iat"] != 300)
END
expect_eq "the key is nobody else's" 600 "$(stat -c %a "$T/registry/token.key")"

# To mount a blob is to read it where it comes from.
cat >>"$T/access" <<END
bob         team/*         push
END
token 'bob:U*U*' repository:team/web:pull,push repository:secret:pull repository:public/a/b:pull
as_bob=(-H "Authorization: Bearer $token")
mount="$BASE/v2/team/web/blobs/uploads/?mount=$(sha hello)&from"
expect 202 "bob does not get at a secret blob by mounting it" "${as_bob[@]}" -X POST "$mount=secret"
expect 202 "nor by mounting it from wherever it is" "${as_bob[@]}" -X POST "${mount%&from}"
expect 201 "he mounts one that he may read" "${as_bob[@]}" -X POST "$mount=public/a/b"

# OAuth 2.0, as containerd and docker speak it.
oauth() { ask -d service=dockyard-registry -d client_id=test "$@" "$BASE/token"; }
part() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$body"; }
oauth -d grant_type=password -d username=bob --data-urlencode 'password=U*U*' -d access_type=offline -d scope=repository:team/web:pull,push
expect_eq "a login by POST" "200 repository:team/web:pull,push" "$status $(part scope)"
login=$(part refresh_token)
expect_code 401 UNAUTHORIZED "what renews a login is no token" -H "Authorization: Bearer $login" "$BASE/v2/"
oauth -d grant_type=refresh_token -d "refresh_token=$login" -d 'scope=repository:team/web:pull registry:catalog:*'
expect_eq "it gets one" "200 repository:team/web:pull " "$status $(part scope) $(part refresh_token)"
expect 200 "which is good" -H "Authorization: Bearer $(part access_token)" "$BASE/v2/"
oauth -d grant_type=refresh_token -d "refresh_token=$(part token)"
expect_eq "a token renews nothing" 401 "$status"
oauth -d grant_type=password -d username=bob -d password=no
expect_eq "a wrong password by POST" 401 "$status"
for header in "Basic $(head -c 9000 /dev/zero | base64 -w 0)" "Bearer $(head -c 40000 /dev/zero | tr '\0' .)" 'Bearer a.b.c' 'Bearer ..'; do
	expect_code 401 UNAUTHORIZED "credentials of ${#header} characters" -H "Authorization: $header" "$BASE/v2/"
done
expect_code 400 SIZE_INVALID "a form of 70000 fields" --data-binary "$(head -c 70000 /dev/zero | tr '\0' '&')" "$BASE/token"
expect_code 404 NAME_UNKNOWN "there is nothing below /token" "$BASE/token/x"
oauth -d grant_type=client_credentials
expect_eq "another grant" 400 "$status"
ask -G -u 'bob:U*U*' -d offline_token=true -d client_id=test "$BASE/token"
expect_match "a login by GET" '"refresh_token":"[^"]+' "$body"
sed -i 's/^bob:.*/bob:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW/' "$T/users"
oauth -d grant_type=refresh_token -d "refresh_token=$login"
expect_eq "a new password ends the logins" 401 "$status"
stop_registry

# ---- read-only, and another address for tokens -------------------------------------
expect_fail 1 'token-realm x: expected http' "$TOP/06-registry/registry" --root "$T/registry" --addr "$REGISTRY" \
	--htpasswd "$T/users" --access "$T/access" --token-realm x
listen --htpasswd "$T/users" --access "$T/access" --token-realm https://login.example/token --readonly
expect 200 "a token outlives the registry" "${as_bob[@]}" "$BASE/v2/"
ask "$BASE/v2/"
expect_match "the realm is as said" 'realm="https://login.example/token"' "$(header www-authenticate)"
oauth -d grant_type=password -d username=alice --data-urlencode 'password=U*U'
expect_eq "a login changes nothing" 200 "$status"
expect_code 405 UNSUPPORTED "a push would" -u 'alice:U*U' -X POST "$BASE/v2/team/web/blobs/uploads/"
expect_code 405 UNSUPPORTED "a deletion too" -u 'alice:U*U' -X DELETE "$BASE/v2/team/web/blobs/$(sha hello)"
expect 401 "and nobody learns even that" -X POST "$BASE/v2/team/web/blobs/uploads/"
stop_registry
done_testing
