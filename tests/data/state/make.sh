#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the kept state anew with the daemon of a build:
#
#   tests/data/state/make.sh [BUILD]      BUILD: default build/dev
#
# Only where the storage format was changed on purpose before it was released:
# what is here stands for state that users have, and later versions must open it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../../.." && pwd)
build=$(cd "${1:-$source/build/dev}" && pwd)
export SG_SOURCE_DIR="$source" SG_BUILD_DIR="$build" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$source/tests/integration/state/make_state.py"
