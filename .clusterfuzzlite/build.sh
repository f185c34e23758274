#!/bin/bash -eu
# The farm's entry: the same as OSS-Fuzz's.
exec "$SRC/stormrig/ci/oss-fuzz/build.sh"
