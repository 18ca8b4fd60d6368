#!/bin/sh
# Simulated papers refitted: writes docs/evidence-validation.md and its picture. About 5 seconds of one core a paper:
# half an hour for the default of 200 papers and 200 calibrations; give other numbers as arguments.
set -eu
cd "$(dirname "$0")/.."
RAYON_NUM_THREADS=1 exec cargo run --release --example evidence_validation -- docs "$@"
