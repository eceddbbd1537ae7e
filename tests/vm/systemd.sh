# systemd.sh - the machine whose process 1 is Debian's real systemd; sourced by run.
#
# As little of it as makes units: systemd, a system bus, one user's systemd with a bus,
# and one service of ours that runs the suite. No journal, no udev, nothing is mounted
# that systemd does not mount itself; its messages go to the console.

systemd_units=/usr/lib/systemd/system

# write PATH: what comes on stdin, into the machine.
write() {
	mkdir -p "$(dirname "$root$1")"
	cat >"$root$1"
}

# copy_units DIRECTORY NAME...: of /usr/lib/systemd, out of the packages.
copy_units() {
	local directory=/usr/lib/systemd/$1 unit
	shift
	mkdir -p "$root$directory"
	for unit; do cp "$tree$directory/$unit" "$root$directory/" || die "there is no unit $unit"; done
}

systemd_root() {
	local program
	tree=$build/systemd
	new_root systemd-root
	with_stages 02-runc
	cp "$here/init" "$root/init"
	with_modules overlay
	export LD_LIBRARY_PATH=$(echo "$tree"/usr/lib/*-linux-gnu):$(echo "$tree"/usr/lib/*-linux-gnu/systemd)
	for program in /usr/lib/systemd/systemd /usr/lib/systemd/systemd-executor /usr/bin/systemctl \
		/usr/bin/dbus-daemon; do
		[ ! -e "$tree$program" ] || with_libraries "$tree$program" "$program"
	done
	unset LD_LIBRARY_PATH
	mkdir -p "$root/usr/share/dbus-1" "$root/etc/dbus-1" "$root/var/lib"
	cp -a "$tree/usr/share/dbus-1/." "$root/usr/share/dbus-1/"
	copy_units system sysinit.target basic.target shutdown.target umount.target final.target \
		local-fs.target local-fs-pre.target sockets.target timers.target paths.target slices.target \
		emergency.target rescue.target reboot.target poweroff.target dbus.socket dbus.service
	copy_units user default.target basic.target shutdown.target exit.target sockets.target \
		timers.target paths.target app.slice session.slice dbus.socket dbus.service
	cp -a "$tree/usr/lib/systemd/user/sockets.target.wants" "$root/usr/lib/systemd/user/"
	printf '%s\n' messagebus:x:100:100::/:/bin/false user:x:1000:1000::/:/bin/sh >>"$root/etc/passwd"
	printf '%s\n' messagebus:x:100: user:x:1000: >>"$root/etc/group"
	write /etc/machine-id <<-'END'
		0123456789abcdef0123456789abcdef
	END
	write /etc/systemd/system.conf <<-'END'
		[Manager]
		DefaultStandardOutput=null
		LogTarget=console
		LogLevel=warning
		ShowStatus=no
	END
	# As user@.service, but nobody logs in here.
	write $systemd_units/user@1000.service <<-'END'
		[Unit]
		After=dbus.socket
		[Service]
		Type=notify
		User=1000
		Slice=user-1000.slice
		Delegate=cpu cpuset io memory pids
		KillMode=mixed
		Environment=XDG_RUNTIME_DIR=/run/user/1000
		ExecStartPre=+/bin/sh -c 'mkdir -p /run/user/1000 && chown 1000:1000 /run/user/1000'
		ExecStart=/usr/lib/systemd/systemd --user
	END
	write $systemd_units/dockyard.target <<-'END'
		[Unit]
		Requires=dbus.socket user@1000.service dockyard.service
	END
	write $systemd_units/dockyard.service <<-'END'
		[Unit]
		After=dbus.socket user@1000.service
		[Service]
		Type=oneshot
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/console
		WorkingDirectory=/dockyard/02-runc
		Environment=PATH=/usr/bin:/usr/sbin HOME=/root
		ExecStart=/suite
	END
	write /suite <<-'END'
		#!/bin/sh
		echo "suite: $(systemctl --version | head -n 1), cgroup v2 with $(cat /sys/fs/cgroup/cgroup.controllers)"
		status=0
		../tests/isolate ./build/unit systemd </dev/null || status=1
		echo "DOCKYARD-VM-STATUS $status"
		poweroff -f
	END
	chmod +x "$root/suite"
	: >"$root/systemd"
}
