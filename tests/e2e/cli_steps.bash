# cli_steps.bash - the commands that tests/e2e/cli-parity.sh gives to each pair of client and daemon.
# `d` runs one, and prints it, what it said and its exit status.

d() {
	echo "\$ docker $*"
	"$cli" "$@" 2>&1
	echo "[$?]"
}

# Images, networks, volumes, what is said of mistakes: the most of it is the client's own.
first_steps() {
	d pull nosuch
	d images --format '{{.Repository}}:{{.Tag}} {{.Size}}'
	d images nosuch
	d images --digests --format 'table {{.Repository}}' busybox
	d image inspect -f '{{.Architecture}} {{.Os}} {{json .Config.Cmd}} {{len .RootFS.Layers}}' busybox
	d history --format '{{.CreatedBy}}|{{.Size}}' --no-trunc busybox
	d tag busybox copy:1
	d rmi copy:1 nosuch:1
	d network create --subnet 10.77.0.0/24 --ip-range 10.78.0.0/24 wrong
	d inspect nosuch
	for type in config container image network node plugin secret service task volume nonsense ''; do d inspect --type "$type" nosuch; done
	d ps --format '{{.Nosuch}}'
	d ps --format '{{.Names'
	d ps --format '{{slice .Names 1}}'
	d events --since 1h --until 0s -f event=none --format '{{.Nosuch}}'
	d events --since 1h --until 0s -f event=none --format '{{index .Actor.Attributes "a"}}'
	d events --since 1h --until 0s -f event=tag --format '' | cut -d ' ' -f 2,3 | uniq
	d context ls --format 'table {{.Current}}'
	d system df -v --format 'x\ty{{.Nosuch}}'
	d system df -v --format '{{range .Images}}{{.ID}} {{.Digest}}{{end}}' | cut -d : -f 1
	d system df -v --format raw | sed 's/: .*//'
	d info --format '{{.Containers}} {{.Images}} {{.OSType}}'
	d version --format '{{.Server.Os}}'
	mkdir "$work/settings"
	echo '{"auths": {"r:5000": {"auth": "bWU6cHc="}}, "proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "a,b"}}}' >"$work/settings/config.json"
	d --config "$work/settings" create --name caller --use-api-socket -e no_proxy busybox cat /run/secrets/docker/config.json
	d inspect -f '{{json .HostConfig.Mounts}}' caller
	d inspect -f '{{range .Config.Env}}{{println .}}{{end}}' caller | sort
	d start -a caller | tr -d '\n\t '
	d rm caller
	d -H tcp://127.0.0.1:1 create --use-api-socket busybox
	d login -u me -p wrong 127.0.0.1:1
	d login -u '' -p wrong 127.0.0.1:1
	d --config "$work/settings" login r:5000 | sed '/^$/d; s/error: .*//'
	d network rm nosuch none
	d network rm -f nosuch
	d stop --time 0 nosuch
	d history --platform nonsense busybox
	d push busybox@sha256:$(printf '%064d' 0)
	d events --since 1h --until 0s | head -n 1 | wc -l # nobody is told that head has enough
	mkdir "$work/context" && printf 'FROM busybox\n' >"$work/context/Dockerfile"
	export DOCKER_BUILDKIT=0
	d build -t BAD "$work/context" | no_notice
	d build --add-host bad "$work/context" | no_notice
	d build --security-opt nonsense "$work/context" | no_notice
	d create --name long -p published=8080,target=80,protocol=udp --add-host 'a=[::1]' --ulimit core=1 --ulimit core=2 \
		--mount type=bind,src=/tmp,dst=/d,bind-recursive=writable,ro busybox
	d inspect -f '{{.HostConfig.PortBindings}} {{json .HostConfig.Mounts}} {{.HostConfig.ExtraHosts}} {{.HostConfig.Ulimits}}' long
	d rm long
	d create --device vendor.com/class=a busybox
	d create --gpus driver=x,options=a=b busybox
	python3 -c 'import sys, zipfile
zipfile.ZipFile(sys.argv[1], "w", 8).writestr("meta.json", """{"Name":"z","Metadata":{"Description":"d"},"Endpoints":{"docker":{"Host":"tcp://h:1","SkipTLSVerify":false}}}""")' "$work/context.zip"
	d context import zipped "$work/context.zip"
	d context inspect -f '{{.Name}} {{.Endpoints.docker.Host}} {{.Endpoints}} {{.Nosuch}}' zipped
	d context rm zipped
	d create --name same busybox
	d diff same
	d rm same
	d logout 127.0.0.1:1
}

# One container from its creation to its end.
steps() {
	d pull -q busybox
	d network create --subnet 10.77.0.0/24 --gateway 10.77.0.1 --label a=b parity
	d volume create --label x=y data
	d network ls --filter name=parity --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}} {{.Internal}}'
	d network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}} {{index .Labels "a"}}' parity
	d volume ls
	d volume inspect -f '{{.Name}} {{.Driver}} {{json .Labels}}' data
	d volume inspect -f '{{.Nosuch}}' data
	d run --rm busybox echo hello
	d run --rm busybox sh -c 'exit 7'
	d run --rm busybox no-such-program
	d run --rm --nosuch busybox
	d create --name made -e A=1 -l k=v -v data:/data -p 18080:80 --network name=parity,alias=friend,ip=10.77.0.9 busybox sleep 1000
	d inspect -f '{{.Name}} {{.Config.Env}} {{json .Config.Labels}} {{json .HostConfig.PortBindings}}' made
	d start made
	d inspect -f '{{.Config.ExposedPorts}}|{{.HostConfig.RestartPolicy}}|{{.HostConfig.PortBindings}}|{{.Mounts}}|{{.NetworkSettings.Ports}}|{{.State.Health}}|{{.ID}}|{{.HostConfig.CPUShares}}|{{json .HostConfig.LogConfig}}|{{printf "%+v" .HostConfig.LogConfig}}|{{len .Mounts}}|{{.Config.Labels.zz}}' made
	d inspect -f '{{.Id}}|{{len .State}}' made
	d inspect -f '{{.State.Nosuch}}' made
	d events --since 1h --until 0s -f container=made -f event=create --format '{{.Type}} {{.Action}} {{.Scope}} {{.Actor.Attributes.k}} {{.Actor.Nosuch}}'
	d events --since 1h --until 0s -f container=made -f event=create --format '{{if false}}x{{end}}' | uniq # what went before has its own
	d network inspect -f '{{.IPAM}} {{.Options}} {{.ConfigFrom}}' parity
	for verb in ps "volume ls" "network ls"; do d $verb --format raw; done | grep -v "_id:\|_at:"
	d ps -q --format '{{.Names}}'
	d ps --format '{{.Names'
	d volume ls --format '{{.Nosuch}}'
	d ps --format '{{.Names}} {{.Image}} {{.Command}} {{.State}} {{.Ports}} {{.Networks}} {{.Mounts}} {{.Label "k"}}'
	d ps --format 'table {{.Names}}\t{{.Image}}\t{{.Ports}}'
	d ps -q --filter name=nosuch
	d inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}}={{$e.IPAddress}} {{end}}' made
	d port made
	d exec made sh -c 'echo out; exit 3'
	d exec made sh -c 'echo new >/new; rm -r /home; mkdir /data/sub'
	d diff made | sort # a real daemon's order is any
	d cp made:/new "$work/copy"
	d cp "$work/copy" made:/data/sub/
	d cp made:/nosuch .
	d exec made cat /data/sub/copy
	d top made -o comm
	d rename made other
	d update --restart on-failure:3 other
	d inspect -f '{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}' other
	d pause other
	d ps --format '{{.Names}} {{.State}}'
	d unpause other
	d network disconnect parity other
	d network connect --alias x parity other
	d commit -m word -c 'CMD ["a"]' other made:1
	d inspect -f '{{.Comment}} {{json .Config.Cmd}}' made:1
	d save -o "$work/saved.tar" made:1
	d load -i "$work/saved.tar"
	script -qec "$cli load -i $work/saved.tar" /dev/null # with progress
	script -qec "$cli cp other:/new $work/again" /dev/null
	d volume prune
	d export -o "$work/exported.tar" other
	d import "$work/exported.tar" imported:1
	d kill -s KILL other
	d wait other
	d logs other
	d rm other nosuch
	d rm nosuch
	d volume rm data nosuch
	d network rm parity
	d image prune -f --filter label=nosuch
	d container prune -f
	d rmi -f made:1 imported:1
	d system df --format '{{.Type}} {{.TotalCount}} {{.Active}}'
}

# The real client says that its builder is deprecated; ours has no other.
no_notice() { sed '/^DEPRECATED: /,/^$/d; /^Sending build context/d'; }

# What differs from one run to the next: IDs, times; and the real client's remarks to itself.
normalise() {
	sed -E '/^time=/d; s/[0-9a-f]{64}/ID/g; s/\b[0-9a-f]{12}\b/ID/g; s/[0-9]+ (second|minute)s?|Less than a second|About a minute/TIME/g; s|'"$T"'/work-[a-z-]*|WORK|g; s/[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+:[0-9]{5,}/ADDRESS/g'
}
