#!/bin/bash
# A checkpointed container gets other pipes or another terminal at restore. And whatever
# fails does no harm.
. "${0%/*}/lib.sh"
. "${0%/*}/checkpoint_lib.bash"
mark

# ---- stdin, stdout, stderr ------------------------------------------------------------

# Pipes of one time are replaced by those of the next; the exit status is handed on.
# A fifo would be a file outside: `<(:)` leaves an anonymous pipe, to be opened at both ends.
new_pipe() { # READ-END WRITE-END
	local pipe
	exec {pipe}<> <(:)
	eval "exec {$1}</proc/self/fd/$pipe {$2}>/proc/self/fd/$pipe"
	exec {pipe}>&-
}
bundle pipes "c['process']['args'] = ['sh', '-c', 'while read x; do echo got \$x; done; exit 5']"
echo pipes >>"$T/ids"
new_pipe in_r in_w
new_pipe out_r out_w
runc run -d --bundle "$T/pipes" pipes <&"$in_r" >&"$out_w" 2>&1 || fail "runc run pipes"
echo first >&"$in_w"
expect_eq "before" "got first" "$(timeout 10 head -n 1 <&"$out_r")"
expect_ok checkpoint pipes
expect_match "the names of the pipes are noted" '^\["pipe:\[[0-9]+\]","pipe:\[[0-9]+\]","pipe:\[[0-9]+\]"\]$' \
	"$(cat "$T/img-pipes/descriptors.json")"
exec {in_r}<&- {in_w}>&- {out_r}<&- {out_w}>&-
said=$( (sleep 1; echo second; echo third) | runc restore --bundle "$T/pipes" \
	--image-path "$T/img-pipes" --work-path "$T/work-pipes" pipes 2>&1; echo "status $?")
expect_eq "other pipes in their place, in the foreground" "got second got third status 5" \
	"$(tr '\n' ' ' <<<"$said" | sed 's/ $//')"
expect_eq "it is gone after that" "" "$(status pipes)"
expect_unchanged "pipes"

# ---- a terminal --------------------------------------------------------------------------

# Whoever listens on the console socket gets the master, at run and at every restore.
cat >"$T/terminal.py" <<'END'
import os, socket, sys, threading
path, = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(5)
masters = []
def log(fd, name):
    with open(name, 'ab', buffering=0) as f:
        try:
            while data := os.read(fd, 4096):
                f.write(data)
        except OSError: # EIO: its other end is closed
            f.write(b'closed\n')
while True:
    connection, _ = listener.accept()
    _, fds, _, _ = socket.recv_fds(connection, 256, 1)
    masters.append(fds[0])
    name = '%s.%d' % (path, len(masters))
    threading.Thread(target=log, args=(fds[0], name), daemon=True).start()
    os.write(fds[0], b'line %d\n' % len(masters))
END
python3 "$T/terminal.py" "$T/console" >"$T/terminal.log" 2>&1 &
terminal=$!
wait_for 10 test -S "$T/console" || fail "terminal.py"
bundle terminal "c['process']['terminal'] = True" \
	"c['process']['args'] = ['sh', '-c', 'while read x; do echo got \$x; done']"
echo terminal >>"$T/ids"
quietly run -d --bundle "$T/terminal" --console-socket "$T/console" terminal || fail "runc run terminal"
wait_for 10 grep -q 'got line 1' "$T/console.1" || fail "the terminal"
for i in 2 3; do
	expect_ok checkpoint terminal
	restore terminal --console-socket "$T/console"
	wait_for 10 grep -q "got line $i" "$T/console.$i" || fail "the terminal after restore" \
		"$(cat "$T/console.$i")"
done
expect_match "/dev/console is the terminal" '/0 /dev/console' \
	"$(runc exec terminal cat /proc/self/mountinfo)"
expect_ok checkpoint terminal
# In the foreground it is relayed; ^D ends the input.
said=$( (sleep 2; printf 'by hand\n\004'; sleep 3) | runc restore --bundle "$T/terminal" \
	--image-path "$T/img-terminal" --work-path "$T/work-terminal" terminal 2>&1; echo "status $?")
expect_match "in the foreground" 'got by hand' "$said"
expect_match "with its exit status" 'status 0' "$said"
kill "$terminal"
expect_unchanged "terminals"

# ---- failures ------------------------------------------------------------------------------

# criu cannot save a file that only the host knows: a regular one as stdout.
bundle fails "$counting"
echo fails >>"$T/ids"
runc run -d --bundle "$T/fails" fails </dev/null >"$T/outside" 2>&1 || fail "runc run fails"
wait_for 5 counts fails
expect_fail 1 'criu failed: type DUMP' checkpoint fails
expect_match "its log is quoted" 'dump.log: .*Error .*outside' "$output"
expect_eq "it runs on" running "$(status fails)"
wait_for 5 counts fails "$(count_of fails)" || fail "it does not count any more"
delete fails
bundle fails "$counting"
run fails
expect_ok checkpoint fails
# An image is missing: nothing comes of the restore, and nothing is left of it.
rm "$T"/img-fails/core-1.img
expect_fail 1 'criu failed: type RESTORE' runc restore -d --bundle "$T/fails" \
	--image-path "$T/img-fails" --work-path "$T/work-fails" fails
expect_eq "no state" "" "$(ls "$T/runc")"
expect_unchanged "a restore that fails"
done_testing
