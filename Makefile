# Docker taken apart. `make help` says what there is to make.
#
# Each stage builds alone (make -C 02-runc); here they are built in order, from
# the kernel up, and what belongs to no stage is kept: tests, demonstration, labs.

STAGES := 01-kernel 02-runc 03-containerd 04-dockerd 05-cli 06-registry
PORT ?= 8080

# As many jobs as processors, where the caller did not say how many.
JOBS = $(if $(findstring -j,$(MAKEFLAGS))$(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
# One line per stage; V=1 shows every command.
FLAGS = $(JOBS) $(if $(V),,-s)

all:
	@tests/deps build
	@for s in $(STAGES); do \
		echo "building $$s"; \
		$(MAKE) --no-print-directory $(FLAGS) -C $$s || exit 1; done

# The CUnit programs, built but not run.
units: all
	@for s in $(STAGES); do \
		! ls tests/unit/$$s/*.c >/dev/null 2>&1 || \
		$(MAKE) --no-print-directory $(FLAGS) -C $$s build/unit || exit 1; done

help:
	@echo 'make            build every stage, in order'
	@echo 'make run        docker run nginx through all boxes, and what each did (PORT=8080)'
	@echo 'make stop       undo make run'
	@echo 'make doctor     what this machine offers, and what is lacking'
	@echo 'make bench      what a container, a pull and a build cost, to start and keep many, and what a registry'
	@echo '                serves, beside the real programs and the least possible (ROUNDS=40, START_ROUNDS=5,'
	@echo '                PULL_MB=400; BENCH=runtime, pull, start, engine, build or registry: one of them)'
	@echo 'make test       every test: layers, CUnit per stage, end to end'
	@echo 'make test-unit  the CUnit programs alone      make test-e2e  the end-to-end tests alone'
	@echo 'make test-vm    01 and 02 on cgroup v2, and with systemd, in emulated machines'
	@echo 'make test-san   CUnit and end-to-end tests with ASan and UBSan'
	@echo 'make fuzz       config.json and every other input of the runtime, a minute each'
	@echo '                (TARGET=config TIME=600: one, for ten minutes; needs clang)'
	@echo 'make lab LAB=01            copy the starter of a lab to labs/work, and say what to do'
	@echo 'make grade LAB=01 [DIR=…]  grade what is there (or in DIR)'
	@echo 'make clean      remove what was built'
	@echo 'A stage alone:  make -C 02-runc, make -C 02-runc test, make -C 02-runc clean'

run:
	@tests/run/start --check-port
	@tests/deps build run
	@$(MAKE) --no-print-directory all
	@PORT=$(PORT) tests/run/start

stop:
	@tests/run/stop

doctor:
	@tests/run/doctor

# The numbers are printed, not judged: a goal that is missed fails nothing.
BENCH ?= runtime pull start engine build registry
bench: all
	@$(MAKE) --no-print-directory -s -C tests/bench
	@status=0; for b in $(BENCH); do tests/bench/$$b.py || status=1; done; exit $$status
.PHONY: bench

# The lanes print their own closing line: N passed, M failed, K skipped.
test: test-deps units
	@tests/suite layers unit e2e

test-deps:
	@tests/deps build run test
	@tests/deps real || echo 'the tests that need these are skipped'

test-unit test-e2e test-layers: test-deps units
	@tests/suite $(@:test-%=%)

test-vm: units
	@tests/deps vm || true
	@tests/suite vm

test-san test-clang: test-deps
	@tests/suite $(@:test-%=%)

fuzz:
	@tests/deps fuzz || true
	@TIME=$(TIME) tests/fuzz/run $(TARGET)

lab:
	@labs/lab $(LAB)

grade: all
	@labs/grade $(LAB) $(DIR)

clean:
	@rm -rf tests/bench/build tests/bench/__pycache__
	@for s in $(STAGES); do $(MAKE) --no-print-directory -C $$s clean || exit 1; done
	rm -rf tests/images/build tests/vm/build tests/fuzz/build

.PHONY: all units help run stop doctor test test-deps test-unit test-e2e test-layers test-vm \
	test-san test-clang fuzz lab grade clean
export PORT
