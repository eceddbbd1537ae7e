# libs.mk - what else to link wherever libcontainerd.a is linked. ISA-L inflates faster than zlib;
# where its header is missing, unpack_inflate.c is compiled without it.
CONTAINERD_LIBS := -ljansson -lcurl -lmicrohttpd -lgnutls -lz -lzstd -llzma -lbz2 -ltar -lcrypto \
	$(if $(wildcard /usr/include/isa-l/igzip_lib.h),-lisal)
