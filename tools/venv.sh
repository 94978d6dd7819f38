#!/bin/sh
# venv.sh DIR LOCK: a Python environment in DIR with exactly the packages of LOCK; pip checks their digests. DIR has its name
# only once it is whole and holds the LOCK that it was made from, so what an interrupted run left is made anew.
set -eu
dir=$1 lock=$2
if cmp -s "$lock" "$dir/requirements.lock"; then exit 0; fi
rm -rf "$dir" "$dir.new"
python3 -m venv "$dir.new"
"$dir.new/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock" >&2
cp "$lock" "$dir.new/requirements.lock"
mv "$dir.new" "$dir"
