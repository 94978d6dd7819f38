#!/bin/sh
# openapi_document_test.sh KUMACTL VENV SOURCE: the OpenAPI document is valid, and so is, by it, what real Kuma answered.
set -eu
kumactl=$1 venv=$2 source=$3
"$source/tools/venv.sh" "$venv" "$source/tests/rest/openapi/requirements.lock"
"$kumactl" generate openapi --output json >"$venv/openapi.json"
exec "$venv/bin/python" "$source/tests/rest/openapi/openapi_document_test.py" "$venv/openapi.json" "$source/../shared/conformance"
