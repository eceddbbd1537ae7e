# lib.sh - emulated machines out of Debian's packages; sourced by run.
#
# Nothing is installed on the disk of anything: packages are only unpacked, and a
# machine's whole world is an initramfs of busybox, a few programs of this machine
# with the libraries they need, and our programs.

build=$here/build
export PATH="$PATH:/usr/sbin:/sbin"

skip() { echo "$*"; exit 77; }
die() { echo "vm: $*" >&2; exit 1; }

# fetch PACKAGE: unpacked into $build/PACKAGE, once.
fetch() {
	[ -d "$build/$1" ] && return 0
	rm -rf "$build/down"
	mkdir -p "$build/down"
	(cd "$build/down" && apt-get -q -o APT::Sandbox::User=root download "$1" >&2) || return 1
	dpkg-deb -x "$build"/down/*.deb "$build/down/tree" && mv "$build/down/tree" "$build/$1"
}

# fetch_with_all DIRECTORY PACKAGE...: these and all that they depend on, as if nothing
# were installed here, unpacked into one tree of today's shape (/lib is /usr/lib).
fetch_with_all() {
	local tree=$build/$1 names name
	shift
	[ -d "$tree" ] && return 0
	rm -rf "$build/down"
	mkdir -p "$build/down/tree/usr"/{bin,sbin,lib,lib64}
	for name in bin sbin lib lib64; do ln -s "usr/$name" "$build/down/tree/$name"; done
	mkdir -p "$build/down/archives/partial"
	: >"$build/down/status"
	names=$(apt-get -qq -o Dir::State::status="$build/down/status" -o Dir::Cache::archives="$build/down/archives" \
		-o APT::Install-Recommends=false --print-uris install "$@" | sed "s/^'[^']*' \([^_]*\)_.*/\1/") && [ -n "$names" ] || return 1
	(cd "$build/down" && apt-get -q -o APT::Sandbox::User=root download $names >&2) || return 1
	for name in "$build"/down/*.deb; do
		dpkg-deb --fsys-tarfile "$name" | tar -x -C "$build/down/tree" --keep-directory-symlink || return 1
	done
	mv "$build/down/tree" "$tree"
}

kernel_package() {
	apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

# find_kernel: $kernel and $modules, and busybox unpacked.
find_kernel() {
	local package
	package=$(kernel_package)
	[ -n "$package" ] || { apt-get -q update >&2; package=$(kernel_package); }
	[ -n "$package" ] || skip "this distribution has no package linux-image-cloud-amd64"
	fetch "$package" && fetch busybox-static || skip "the kernel or busybox could not be downloaded"
	kernel=$(echo "$build/$package"/boot/vmlinuz-*)
	[ -f "$kernel" ] || die "no kernel in $package"
	modules=$(echo "$build/$package"/lib/modules/* "$build/$package"/usr/lib/modules/* | tr ' ' '\n' | grep -v '\*$')
	busybox=$(find "$build/busybox-static" -name busybox -type f -perm -100 | head -n 1)
}

# ---- a machine's root directory, $root -------------------------------------

# new_root NAME
new_root() {
	root=$build/$1
	rm -rf "$root"
	mkdir -p "$root"/{usr/bin,usr/sbin,usr/lib,usr/lib64,dev,proc,sys,tmp,etc,root,run,modules,new}
	chmod 1777 "$root/tmp"
	for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
	cp "$busybox" "$root/bin/busybox"
	"$busybox" --list | grep -vx busybox | while read -r applet; do ln -s busybox "$root/bin/$applet"; done
	echo root:x:0:0:root:/root:/bin/sh >"$root/etc/passwd"
	echo root:x:0: >"$root/etc/group"
}

# with_libraries FILE TARGET: a program and what ldd says it needs, links followed.
with_libraries() {
	local library
	mkdir -p "$root$(dirname "$2")"
	rm -f "$root$2" # never through an applet's link
	cp -L "$1" "$root$2"
	ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
		local place=${library#"${tree:-}"}
		mkdir -p "$root$(dirname "$place")"
		[ -e "$root$place" ] || cp -L "$library" "$root$place"
	done
}

# with_stages STAGE...: their programs and CUnit programs, and real programs of what
# busybox does in a simpler way or not at all.
with_stages() {
	local program found stage library
	# criu, where it is installed, calls tar, gzip and iptables.
	for program in bash unshare nsenter mount umount ip nft setpriv criu tar gzip iptables-restore \
		ip6tables-restore; do
		found=$(command -v "$program") && with_libraries "$found" "/usr/bin/$program"
	done
	for library in /usr/lib/*-linux-gnu/xtables/libxt_{mark,standard}.so; do
		[ ! -e "$library" ] || with_libraries "$library" "$library"
	done
	for stage; do
		[ -x "$TOP/$stage/build/unit" ] || die "$stage/build/unit is not built (make units)"
		with_libraries "$TOP/$stage/build/unit" "/dockyard/$stage/build/unit"
		# Twice as long with it: continuous integration has it on the machine that it runs on.
		[ ! -x "$TOP/$stage/build/conformance" ] || [ -n "${CI:-}" ] ||
			with_libraries "$TOP/$stage/build/conformance" "/dockyard/$stage/build/conformance"
		mkdir -p "$root/dockyard/tests/unit"
		cp -a "$TOP/tests/unit/$stage" "$root/dockyard/tests/unit/"
	done
	with_libraries "$TOP/01-kernel/kernel" /dockyard/01-kernel/kernel
	with_libraries "$TOP/02-runc/runc" /dockyard/02-runc/runc
	cp "$TOP/tests/isolate" "$root/dockyard/tests/isolate"
}

# with_modules MODULE...: in an order that satisfies their needs, which each names itself.
with_modules() {
	local loaded= module
	for module; do add_module "$module"; done
}
add_module() {
	local name=${1//-/_} file need
	case " $loaded " in *" $name "*) return ;; esac
	loaded="$loaded $name"
	file=$(find "$modules" -name "${name//_/[-_]}.ko*" | head -n 1)
	[ -n "$file" ] || return 0 # built in
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -dqc "$file" ;;
	*) cat "$file" ;;
	esac >"$root/modules/$name.ko"
	for need in $(readelf -p .modinfo "$root/modules/$name.ko" | sed -n 's/.*depends=//p' | tr ',' ' '); do
		add_module "$need"
	done
	echo "$name.ko" >>"$root/modules/order"
}

# switch_on NAME SECONDS: run a machine on $root, until it ends, is over its time, or has said nothing for three minutes (an
# emulated one has been seen to stand still, busy, for ever); $status is what its init prints last. It has no KVM:
# plain emulation boots in a few seconds.
switch_on() {
	local line pid
	exec 3< <(exec timeout -s KILL "$2" qemu-system-x86_64 -M pc -cpu max -accel tcg -smp 2 -m 1024 \
		-nographic -no-reboot -nodefaults -serial stdio -net none \
		-kernel "$kernel" -initrd "$build/$1.initramfs" \
		-append "console=ttyS0 quiet panic=-1 cgroup_no_v1=all" </dev/null 2>&1)
	pid=$!
	while IFS= read -r -t "${VM_SILENCE:-180}" line <&3; do printf '%s\n' "$line"; done |
		sed -u 's,\r,,g; s,\x1b[][?0-9;]*[a-zA-Z],,g' | tee "$build/$1.console"
	kill "$pid" 2>/dev/null
	exec 3<&-
	status=$(sed -n 's/^DOCKYARD-VM-STATUS \([0-9]*\)$/\1/p' "$build/$1.console" | tail -n 1)
}
# boot NAME SECONDS: that, and once more if it ended without a status.
boot() {
	(cd "$root" && find . | "$busybox" cpio -o -H newc 2>/dev/null) | gzip -1 >"$build/$1.initramfs" ||
		die "the initramfs could not be made"
	switch_on "$@"
	if [ -z "$status" ]; then
		echo "the machine '$1' ended, or was ended, without a status: once more"
		switch_on "$@"
	fi
	[ -n "$status" ] || die "the machine '$1' ended, or was ended, without a status"
}
