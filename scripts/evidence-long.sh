#!/bin/sh
# The long checks of fitted evidence: chains against the prototype's reference numbers, and the sensitivity cases.
set -eu
cd "$(dirname "$0")/.."
exec cargo test --release --test main -- --ignored --nocapture long
