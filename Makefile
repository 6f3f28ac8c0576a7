# The front door: what it starts is in scripts/, cross/ and Meson. SETUP=: leaves the machine's packages alone.
SETUP = scripts/setup
# The releases of make test-home-assistant; newest or oldest for one alone.
HOME_ASSISTANT = newest oldest

.PHONY: all help cross lock image test-image deb test-deb release publish keys quick test test-more test-all test-machines test-brokers test-clusters \
	test-power test-chaos test-home-assistant test-first-door test-year demo pictures bench bench-fleet fuzz prove mutate coverage tidy check-format check-commits format clean amd64 armv6 armv7 arm64

all: amd64 ## build/amd64/portcullis (the default)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\t\1\t/p' Makefile | expand -t 8,24

amd64:
	@$(SETUP) build
	@cross/build amd64

armv6 armv7 arm64:
	@$(SETUP) cross
	@cross/build $@

cross: ## build/{armv6,armv7,arm64,amd64}/portcullis: static, stripped, small
	@$(SETUP) cross
	@cross/sysroot
	@for target in amd64 armv6 armv7 arm64; do cross/build $$target || exit; done

lock: ## the newest Debian packages to build and test with, into the locks: a diff to review
	@$(SETUP) lock
	@scripts/packages lock

image: ## an OCI image for every platform, in build/image; with or without a Docker engine
	@$(SETUP) docker
	@scripts/with-docker scripts/image

test-image: ## builds the image twice, tries it, and starts the garage of docker/compose.yaml
	@$(SETUP) test-image
	@scripts/with-docker test/image/run

deb: cross ## Debian packages for armhf (ARMv6), arm64 and amd64, in build/deb
	@scripts/deb armv6 arm64 amd64

test-deb: cross ## lintian, and each package's life in a Debian 13; as root
	@$(SETUP) deb
	@test/deb/run

release: ## everything of a release, as a signed apt repository, in build/release/VERSION
	@$(SETUP) cross
	@$(SETUP) docker
	@$(SETUP) release
	@scripts/release

publish: ## the image and the release to where they are to be had: see scripts/publish
	@$(SETUP) publish
	@scripts/with-docker scripts/publish

keys: ## the schema, the manual's keys and the new configurations, from src/config/keys.c and new.c
	@$(SETUP) build
	@cross/build amd64 test/unit/config_tool
	@scripts/key-files build/amd64/test/unit/config_tool

quick: ## build/amd64/portcullis and its unit tests, without the slow ones: half a minute
	@$(SETUP) quick
	@cross/build amd64 portcullis meson-test-prereq
	@meson test -C build/amd64 --no-rebuild --suite unit --no-suite slow --num-processes $$(nproc)

test: ## what shows most of the faults in ten minutes, with a count at the end
	@$(SETUP) test || echo "make test: going on without what is missing" >&2
	@scripts/test

test-more: ## what .ci/run runs besides: TSan, clang-tidy, gcc, and the other processors
	@$(SETUP) test || echo "make test-more: going on without what is missing" >&2
	@scripts/test --more

test-all: ## what both leave out: all tests on each processor, all of clang-tidy's analyzer (half an hour)
	@$(SETUP) test
	@scripts/test amd64-all armv6-all armv7-all arm64-all tidy-all

test-machines: ## the real agent on an emulated Pi Zero, and on emulated ARMv7 and ARMv8 machines (minutes)
	@$(SETUP) machines
	@scripts/test machine6 machine7 machine64

test-power: ## 200 power cuts of the virtual machine, and 30 of an emulated Pi Zero (half an hour)
	@$(SETUP) power
	@scripts/test power power6

test-brokers: ## the agent with each real MQTT broker that can be had: the table of docs/brokers.md (minutes)
	@$(SETUP) brokers
	@cross/build amd64
	@test/brokers/run

test-clusters: ## the agent with clusters of brokers whose nodes die, freeze and are cut off; as root (half an hour)
	@$(SETUP) brokers
	@cross/build amd64
	@test/clusters/run

ROUNDS = 1000
test-chaos: ## the agent among random mishaps, before an oracle that knows the truth; ROUNDS=10000: an hour on two processors
	@$(SETUP) chaos
	@cross/build amd64
	@test/chaos/run --rounds $(ROUNDS)

test-home-assistant: ## the agent with the newest and the oldest real Home Assistant; as root (half an hour)
	@HOME_ASSISTANT="$(HOME_ASSISTANT)" $(SETUP) home-assistant
	@cross/build amd64
	@for release in $(HOME_ASSISTANT); do \
		echo "Home Assistant: $$release"; \
		HOME_ASSISTANT=$$release /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider test/home-assistant || exit; \
	done

test-first-door: ## docs/first-door.md and docs/trouble.md in a Debian 13, with a simulated door and Home Assistant; as root (minutes)
	@$(SETUP) deb
	@HOME_ASSISTANT=newest $(SETUP) home-assistant
	@cross/build amd64
	@scripts/deb amd64
	@test/first-door/run

test-year: ## a year of the agent on a clock that jumps, 20 cycles of the doors a day (20 minutes of one processor)
	@$(SETUP) year
	@cross/build amd64 test/year/year
	@test/year/run build/amd64/test/year/year 365

demo: ## a broker, the agent and two simulated doors, until Ctrl-C
	@$(SETUP) demo
	@cross/build amd64
	@scripts/demo

pictures: ## docs/page.png, page-phone.png and home-assistant.png, taken anew in Chromium; the last as root
	@$(SETUP) test
	@HOME_ASSISTANT=newest $(SETUP) home-assistant
	@cross/build amd64 portcullis
	@PORTCULLIS_AGENT=build/amd64/portcullis test/pictures/run
	@PORTCULLIS_AGENT=build/amd64/portcullis test/pictures/home-assistant

bench: ## the figures of docs/figures.md, measured here
	@$(SETUP) bench
	@cross/build amd64
	@test/bench/run

bench-fleet: ## 1,000 agents on one broker, and 64 doors of one agent that move at once (minutes)
	@$(SETUP) bench
	@cross/build amd64
	@test/bench/fleet

prove: ## the door's states within a large budget, 100,000 random worlds, CBMC on what reads bytes (two hours of processor)
	@$(SETUP) prove
	@cross/build amd64 test/unit/test_door_explore test/unit/test_door_random
	@DOOR_EXPLORE=full build/amd64/test/unit/test_door_explore
	@DOOR_RANDOM=100000 build/amd64/test/unit/test_door_random
	@test/prove/run

mutate: ## which changes of src/door and src/garage does no unit test notice? (long)
	@$(SETUP) quick
	@cross/build mutate test/unit/test_door
	@test/mutate/run

coverage: ## the lines and branches of each room that the unit tests run
	@$(SETUP) coverage
	@cross/build coverage test/unit/test_door
	@test/coverage/run

fuzz: ## each fuzz target for a minute
	@$(SETUP) fuzz
	@test/fuzz/run

tidy: ## clang-tidy over all of the C
	@$(SETUP) test
	@scripts/test tidy-all

check-format: ## is the C as clang-format would have it?
	@$(SETUP) test
	@scripts/test format

check-commits: ## is the subject of each commit "area: imperative summary"?
	@scripts/check-commits

format: ## have clang-format write the C
	@$(SETUP) test
	git ls-files '*.c' '*.h' | xargs build/clang-format/bin/clang-format -i

clean: ## removes the builds, not the sysroots and virtual machines' kernels
	find build -mindepth 1 -maxdepth 1 ! -name sysroot ! -name vm -exec rm -rf {} +
