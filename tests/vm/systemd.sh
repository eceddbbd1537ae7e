# systemd.sh - the machine whose process 1 is Debian's real systemd; sourced by run.
#
# As little of it as makes units: systemd, a system bus, and one service of ours that
# runs the suite. No journal, no udev, nothing is mounted that systemd does not mount
# itself; its messages go to the console.

systemd_units=/usr/lib/systemd/system

# write PATH: what comes on stdin, into the machine.
write() {
	mkdir -p "$(dirname "$root$1")"
	cat >"$root$1"
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
	mkdir -p "$root$systemd_units" "$root/usr/share/dbus-1" "$root/etc/dbus-1" "$root/var/lib"
	cp -a "$tree/usr/share/dbus-1/." "$root/usr/share/dbus-1/"
	for program in sysinit.target basic.target shutdown.target umount.target final.target \
		local-fs.target local-fs-pre.target sockets.target timers.target paths.target slices.target \
		emergency.target rescue.target reboot.target poweroff.target dbus.socket dbus.service; do
		cp "$tree$systemd_units/$program" "$root$systemd_units/"
	done
	echo messagebus:x:100:100::/:/bin/false >>"$root/etc/passwd"
	echo messagebus:x:100: >>"$root/etc/group"
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
	write $systemd_units/dockyard.target <<-'END'
		[Unit]
		Requires=dbus.socket dockyard.service
	END
	write $systemd_units/dockyard.service <<-'END'
		[Unit]
		After=dbus.socket
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
