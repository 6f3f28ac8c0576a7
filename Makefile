# The front door: what it starts is in scripts/, cross/ and Meson. SETUP=: leaves the machine's packages alone.
SETUP = scripts/setup

.PHONY: all help cross lock image test-image deb test-deb release publish keys quick test test-all test-machines test-brokers \
	test-home-assistant test-first-door demo pictures bench fuzz prove tidy check-format check-commits format clean amd64 armv6 armv7 arm64

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

test: ## every suite that this machine can run, with a count at the end
	@$(SETUP) test || echo "make test: going on without what is missing" >&2
	@scripts/test

test-all: ## what make test leaves out: all tests on each processor, all of clang-tidy's analyzer (half an hour)
	@$(SETUP) test
	@scripts/test amd64-all armv6-all armv7-all arm64-all tidy-all

test-machines: ## the real agent on an emulated Pi Zero and an emulated ARMv7 machine (minutes)
	@$(SETUP) machines
	@scripts/test machine6 machine7

test-brokers: ## the agent with each real MQTT broker that can be had: the table of docs/brokers.md (minutes)
	@$(SETUP) brokers
	@cross/build amd64
	@test/brokers/run

test-home-assistant: ## the agent with a real Home Assistant, built from Debian and PyPI; as root (minutes)
	@$(SETUP) home-assistant
	@cross/build amd64
	@/usr/bin/python3 -m pytest -q -rs -p no:cacheprovider test/home-assistant

test-first-door: ## the commands of docs/first-door.md and docs/trouble.md in a Debian 13, with a simulated door; as root (minutes)
	@$(SETUP) deb
	@cross/build amd64
	@scripts/deb amd64
	@test/first-door/run

demo: ## a broker, the agent and two simulated doors, until Ctrl-C
	@$(SETUP) demo
	@cross/build amd64
	@scripts/demo

pictures: ## docs/page.png and docs/page-phone.png, taken anew from the page in Chromium
	@$(SETUP) test
	@cross/build amd64 portcullis
	@PORTCULLIS_AGENT=build/amd64/portcullis test/pictures/run

bench: ## the figures of docs/figures.md, measured here
	@$(SETUP) bench
	@cross/build amd64
	@test/bench/run

prove: ## the door's states within a large budget, 100,000 random worlds, CBMC on the guard before Paho (half an hour)
	@$(SETUP) prove
	@cross/build amd64 test/unit/test_door_explore test/unit/test_door_random
	@DOOR_EXPLORE=full build/amd64/test/unit/test_door_explore
	@DOOR_RANDOM=100000 build/amd64/test/unit/test_door_random
	@test/prove/run

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
