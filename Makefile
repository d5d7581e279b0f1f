# The two commands that do all the set-up:
#   make run    train on data/ if there is no model yet, and serve on port 3000 (needs Rust alone)
#   make test   every test there is, in Docker and sam too (installs what it lacks)

MATINEE = cargo run --release --locked --quiet --package matinee --

.PHONY: run test train check evaluate bench lint build-DemoModelLayer

run:
	cargo run --release --locked -- up

test:
	scripts/test.sh

# Called by `sam build`: the demo model that a deployed stack answers with until ModelUri names another.
build-DemoModelLayer:
	$(MATINEE) train --data data --output "$(ARTIFACTS_DIR)/model"
