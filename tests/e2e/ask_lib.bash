# ask_lib.bash - ask an HTTP server with curl, and expect of its answer; the registry's, where none is named.
BASE=http://$REGISTRY
# ask CURL-ARGUMENTS...: sets $status, $headers (lower-case names), $body. What is sent is of the type in ASK_TYPE,
# without which curl says that it sends a form.
ask() {
	case "$*" in *Content-Type*) ;; *) set -- ${ASK_TYPE:+-H "Content-Type: $ASK_TYPE"} "$@" ;; esac
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
