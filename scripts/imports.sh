#!/bin/sh
# Prints which file of a crate imports from which, and the circles among them. Fails if there are any.
#   scripts/imports.sh crates/api crates/cli
set -eu
cd "$(dirname "$0")/.."
[ "$#" -gt 0 ] || set -- crates/*
exec cargo run --quiet --locked --package matinee-imports -- "$@"
