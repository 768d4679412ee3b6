# Every task of the project. `make help` lists them.
.PHONY: help run test check types lint format-src format-test build conformance bench clean install docs fuzz format sim kill9 soak
VITEST = node_modules/.bin/vitest --config test/vitest.config.ts run
export NODE_OPTIONS ?=

help: ## lists the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

node_modules/.package-lock.json: package.json package-lock.json
	npm install --no-save --ignore-scripts --no-audit --no-fund
	@touch $@

install: node_modules/.package-lock.json ## installs the packages

build: install ## builds dist/
	node .make/build.mjs

run: build ## installs, builds and starts the server (ARGS="-p 4222 -DV")
	node dist/nats-server.cjs $(ARGS)

check: install ## types, lint, format, rooms, unit tests: under a minute
	$(MAKE) --no-print-directory -j4 types lint format-src format-test
	$(VITEST) --project unit

types:
	node_modules/.bin/tsc -p .
lint:
	node_modules/.bin/oxlint --type-aware --quiet src test conformance bench .make
format-src:
	node_modules/.bin/prettier --log-level warn --check src bench .make
format-test:
	node_modules/.bin/prettier --log-level warn --check test conformance

test: check build ## everything in check, then sockets, the command, a minute of fuzzing, and 10 kills under load
	$(VITEST) --project socket
	node .make/fuzz.mjs 60
	node test/sim/kill9.mjs 10

conformance: build ## the same transcripts against nats-server and this server (SERVER=…)
	node conformance/run.mjs

bench: build ## paired runs against nats-server (ROWS=…)
	node bench/run.mjs $(ROWS)

docs: install ## regenerates docs/
	node .make/docs.mjs

fuzz: install ## feeds the parser random bytes (SECONDS=60)
	node .make/fuzz.mjs $(SECONDS)

fuzz-sessions: build ## differential fuzz against nats-server (SECONDS=60)
	node conformance/fuzz.mjs $(or $(SECONDS),60)

sim: install ## simulates the file store on a disk that breaks (SEEDS=10000; SEED=n for one, step by step; MODE=cut|fail|rot|lazy|reads)
	node .make/sim.mjs $(or $(SEEDS),10000)

kill9: build ## kills the command under load and compares what it confirmed (LOOPS=200)
	node test/sim/kill9.mjs $(or $(LOOPS),200)

soak: build ## minutes of load, with restarts and an object of 1.5 GiB: what is acknowledged holds, memory levels off (SECONDS=300)
	node test/sim/soak.mjs $(or $(SECONDS),300)

format: install ## formats the sources
	node_modules/.bin/prettier --log-level warn --write src test conformance bench .make

clean: ## removes what was built
	rm -rf dist .cache

kernels: install ## assembles the WebAssembly kernels
	node .make/kernels.mjs
