# These two commands do all the set-up:
#   make run    trains on data/ if there is no model yet, and serves on port 3000 (only needs Rust)
#   make test   runs every test, those with Docker and sam too (installs missing tools)

MATINEE = cargo run --release --locked --quiet --package matinee --

.PHONY: run test train check evaluate bench lint build-DemoModelLayer

run:
	cargo run --release --locked -- up

test:
	scripts/test.sh

# `sam build` calls this. A deployed stack answers from this demo model until another model is live.
build-DemoModelLayer:
	$(MATINEE) train --data data --output "$(ARTIFACTS_DIR)/model"
