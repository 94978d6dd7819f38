#!/usr/bin/env python3
"""openapi_document_test.py DOCUMENT CORPUS: whether an OpenAPI document is one, and whether it describes what real Kuma does.

Of each recording of REST in the corpus the operation must be described, and a body that was taken or answered must be of
the shape that the document gives. Without a corpus only the document is checked.
"""
import functools
import json
import pathlib
import re
import sys
import unittest

import jsonschema
import openapi_spec_validator

DOCUMENT = json.loads(pathlib.Path(sys.argv[1]).read_text())
CORPUS = pathlib.Path(sys.argv[2])
METHODS = ("get", "put", "post", "delete")


def pattern(path):
    """A path of the document as a regular expression; what has no variable is matched first."""
    return re.compile("".join(f"(?P<{re.sub(r'[^a-z]', '_', part[1:-1])}{i}>[^/]+)" if part.startswith("{") else re.escape(part)
                              for i, part in enumerate(re.split(r"(\{[^}]+\})", path))) + "$")


PATHS = sorted(((path.count("{"), path, pattern(path)) for path in DOCUMENT["paths"]), key=lambda each: each[:2])


def operation_of(method, path):
    for _, template, expression in PATHS:
        found = expression.match(path)
        operation = DOCUMENT["paths"][template].get(method)
        if not found or not operation:
            continue
        values = list(found.groups())
        variables = [each for each in operation.get("parameters", []) if each["in"] == "path"]
        if all(value in variable["schema"].get("enum", [value]) for value, variable in zip(values, variables)):
            return operation
    return None


def plain(value):
    """With a text for each mark that stands for one in a recording: {"$base64": ...}, and certificates by what they say."""
    if isinstance(value, dict):
        return "" if len(value) == 1 and next(iter(value)).startswith("$") else {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        certificates = value and all(isinstance(each, dict) and isinstance(each.get("pem"), str) for each in value)
        return "" if certificates else [plain(each) for each in value]
    return value


def without_nulls(value):
    """To Kuma's readers a field that is null is not there."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


@functools.cache
def validator(schema):
    return jsonschema.Draft202012Validator({**json.loads(schema), "components": DOCUMENT["components"]})


def complaint(schema, body):
    wrong = jsonschema.exceptions.best_match(validator(json.dumps(schema)).iter_errors(plain(body)))
    return wrong and f"{wrong.json_path}: {wrong.message[:300]}"


class Document(unittest.TestCase):
    def test_is_valid(self):
        openapi_spec_validator.validate(DOCUMENT)

    def test_has_every_method_in_small_letters(self):
        for path, item in DOCUMENT["paths"].items():
            for method in item:
                self.assertIn(method, METHODS, path)


class Recordings(unittest.TestCase):
    def setUp(self):
        self.cases = [(file, json.loads(file.read_text())) for file in sorted(CORPUS.glob("rest/*/*.json"))]
        if not self.cases:
            self.skipTest(f"no recordings in {CORPUS}")

    def exchanges(self):
        """Of each recording: its operation, what was sent, what was answered. No operation: it is not described."""
        for file, case in self.cases:
            request, response = case["request"], case["response"]
            path = request["path"].split("?")[0]
            path = path.rstrip("/") or path
            method = request["method"].lower()
            yield f"{file.parent.name}/{file.stem}", method, path, operation_of(method, path), request, response

    def test_are_of_described_operations(self):
        described = 0
        for name, method, path, operation, _, response in self.exchanges():
            said = str(response.get("body"))
            nothing = response["status"] in (307, 405, 406, 415) or any(
                text in said for text in ("404: Page Not Found", "are available for inspection", "Could not execute admin operation"))
            described += operation is not None
            self.assertTrue(operation or nothing, f"{name}: {method} {path}")
        print(f"{described} of {len(self.cases)} recordings are of described operations")

    def test_answer_in_the_described_shape(self):
        answers = problems = 0
        wrong = []
        for name, _, _, operation, request, response in self.exchanges():
            status, body = str(response["status"]), response.get("body")
            if operation is None or "format=k" in request["path"] or not isinstance(body, (dict, list)):
                continue
            described = operation["responses"].get(status)
            if int(status) >= 400:
                schema = {"$ref": "#/components/schemas/Error"}
                problems += 1
            elif described is None:
                wrong.append(f"{name}: {status} is not described")
                continue
            else:
                schema = described["content"].get("application/json", {}).get("schema", {})
                answers += 1
            if said := complaint(schema, body):
                wrong.append(f"{name}: {said}")
        print(f"{answers} answers and {problems} problems of real Kuma compared with the document")
        self.assertEqual([], wrong, "\n".join(wrong[:40]))

    def test_took_what_the_document_lets_through(self):
        taken = 0
        wrong = []
        for name, _, _, operation, request, response in self.exchanges():
            if operation is None or "requestBody" not in operation or response["status"] not in (200, 201):
                continue
            body = request.get("body")
            body = json.loads(body) if isinstance(body, str) else body
            if not isinstance(body, dict):
                continue
            taken += 1
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            if said := complaint(schema, without_nulls(body)):
                wrong.append(f"{name}: {said}")
        print(f"{taken} bodies that real Kuma took compared with the document")
        self.assertEqual([], wrong, "\n".join(wrong[:40]))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
