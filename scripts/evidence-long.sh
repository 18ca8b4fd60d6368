#!/bin/sh
# The long checks of fitted evidence against the prototype of the method, and the coverage of simulated papers.
set -eu
cd "$(dirname "$0")/.."
exec cargo test --release --test main -- --ignored --nocapture long
