# How every stage is built. A stage's Makefile sets, then includes this file:
#
#   STAGE    its directory's name                      02-runc
#   LIB      the archive it makes                      librunc.a
#   SRCS     the sources of the archive                (each becomes build/NAME.o)
#   PROGS    its programs; PROG.c holds main           runc
#   USES     the lower stages it links, nearest first  01-kernel
#   LIBS     what else to link                         -ljansson
#   STATIC   the programs to link statically           runc
#   TESTS    its CUnit suites; tests/unit/$(STAGE)/*.c by default
#
# make           the archive and the programs
# make test      the CUnit suite of this stage
# make clean     this stage only
# make SAN=1     with AddressSanitizer and UBSan (clean first; nothing is static then)

TOP := ..
CC ?= gcc
CSTD := -std=gnu11
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
        -Wno-missing-field-initializers -Werror
CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I$(TOP) -MMD -MP
CFLAGS ?= -O2 -g
LDFLAGS ?=
override CFLAGS += $(CSTD) $(WARN) -fno-strict-aliasing -fstack-protector-strong -pthread
ifdef SAN
override CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=address,undefined
# The checks that are compiled in hide from gcc what it knew of a number's range.
override CFLAGS += $(if $(findstring clang,$(CC)),,-Wno-format-truncation -Wno-format-overflow)
STATIC :=
endif

# For STATIC: not every distribution has a jansson to link statically, and a shared one does too.
STATIC_JANSSON := $(firstword $(wildcard /usr/lib/libjansson.a /usr/lib64/libjansson.a /usr/lib/*-linux-gnu/libjansson.a))

OBJS := $(patsubst %.c,build/%.o,$(SRCS))
PROG_OBJS := $(patsubst %,build/%.o,$(PROGS))
LOWER := $(foreach s,$(USES),$(TOP)/$(s)/lib$(lastword $(subst -, ,$(s))).a)
TESTS ?= $(wildcard $(TOP)/tests/unit/$(STAGE)/*.c)
TEST_OBJS := $(patsubst $(TOP)/tests/unit/$(STAGE)/%.c,build/test/%.o,$(TESTS))

all: $(LIB) $(PROGS)

build/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

build/test/%.o: $(TOP)/tests/unit/$(STAGE)/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -iquote . $(CFLAGS) -c -o $@ $<

$(LIB): $(OBJS)
	@rm -f $@
	$(AR) rcs $@ $(OBJS)

# A lower stage is brought up to date by its own Makefile, which alone knows how.
$(LOWER): FORCE
	@$(MAKE) --no-print-directory -C $(@D)
# One after the other: two makes in one stage at a time would write the same files.
$(wordlist 2,9,$(LOWER)): $(firstword $(LOWER))

$(PROGS): %: build/%.o $(LIB) $(LOWER)
	$(CC) $(CFLAGS) -Wl,--as-needed $(LDFLAGS) $(if $(filter $@,$(STATIC)),-static) -o $@ $< $(LIB) $(LOWER) $(LIBS) -lm -pthread

build/unit: $(TEST_OBJS) $(LIB) $(LOWER)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TEST_OBJS) $(LIB) $(LOWER) $(LIBS) -lcunit -lm -pthread

# Each stage's CUnit program runs in namespaces of its own; see tests/isolate.
test: unit
unit: all $(if $(TESTS),build/unit)
	$(if $(TESTS),$(TOP)/tests/isolate ./build/unit $(UNIT_ARGS))

clean:
	rm -rf build $(LIB) $(PROGS)

FORCE:
.PHONY: all test unit clean FORCE
.SECONDARY:

-include $(OBJS:.o=.d) $(PROG_OBJS:.o=.d) $(TEST_OBJS:.o=.d)
