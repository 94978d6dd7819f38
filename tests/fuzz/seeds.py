#!/usr/bin/env python3
"""Writes seed corpora for the fuzz targets.

    seeds.py small OUT CONFORMANCE    what is committed in corpus/: a few seeds a target
    seeds.py large OUT CONFORMANCE    beside those, every body and request of the recordings and every scenario's resources

OUT gets one folder a target, with one file a seed, named by what is in it.
"""
import argparse
import base64
import hashlib
import json
import pathlib

PREFIX = "type.googleapis.com/envoy."
URLS = [PREFIX + name for name in (
    "config.cluster.v3.Cluster", "config.endpoint.v3.ClusterLoadAssignment", "config.listener.v3.Listener",
    "config.route.v3.RouteConfiguration", "extensions.transport_sockets.tls.v3.Secret")]


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, value):
    """A field of a protobuf message: bytes, text, or a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def node():
    zone = field(1, field(1, "dataplane.token") + field(2, field(3, "secret")))
    return field(1, field(1, "default.web-1") + field(2, "web") + field(3, zone))


def request(url, *names, version="", nonce="", error=False):
    """envoy.service.discovery.v3.DiscoveryRequest"""
    out = field(1, version) if version else b""
    out += node()
    out += b"".join(field(3, name) for name in names) + field(4, url)
    out += field(5, nonce) if nonce else b""
    return out + (field(6, field(1, 3) + field(2, "refused")) if error else b"")


def delta(url, subscribe=(), unsubscribe=(), known=(), nonce="", error=False):
    """envoy.service.discovery.v3.DeltaDiscoveryRequest"""
    out = node() + field(2, url)
    out += b"".join(field(3, name) for name in subscribe) + b"".join(field(4, name) for name in unsubscribe)
    out += b"".join(field(5, field(1, name) + field(2, version)) for name, version in known)
    out += field(6, nonce) if nonce else b""
    return out + (field(7, field(1, 13) + field(2, "refused")) if error else b"")


def sent(message):
    return b"\0" + len(message).to_bytes(2, "big") + message


def snapshot(content):
    return b"\1" + bytes([content])


def ads():
    accept = b"".join(b"\3" + bytes([i]) for i in range(5))
    world = b"".join(sent(request(url)) if i in (0, 2) else sent(request(url, "a", "b")) for i, url in enumerate(URLS))
    yield "world", b"\0" + world + snapshot(0x55) + accept + snapshot(0xaa) + accept + snapshot(0x11) + accept
    yield "world-refused", b"\0" + snapshot(0x55) + world + b"\4\0\4\2" + snapshot(0xff) + accept + b"\2"
    yield "world-again", b"\0" + snapshot(0x55) + sent(request(URLS[0], version="x", nonce="1", error=True)) + b"\2\3\0"
    changes = b"".join(sent(delta(url, ["*"] if i in (0, 2) else ["a", "b"])) for i, url in enumerate(URLS))
    yield "delta", b"\1" + changes + snapshot(0x55) + accept + snapshot(0x10) + accept
    yield "delta-refused", b"\1" + snapshot(0x55) + changes + b"\4\0\4\1\4\2" + snapshot(0) + b"\4\0\3\1" + snapshot(0xaa)
    again = sent(delta(URLS[1], ["a"], ["b"], [("a", "1"), ("z", "9")], nonce="1", error=True))
    yield "delta-again", b"\1" + snapshot(0x55) + again + snapshot(0x02) + b"\3\1\2"
    yield "not-a-request", b"\0" + sent(b"\xff\xff\xff") + sent(request(""))


def kds(all_of_them):
    recorded = json.loads((pathlib.Path(__file__).parent.parent / "kds/recorded_messages.json").read_text())
    seen = set()
    for number, one in enumerate(recorded):
        if not all_of_them and (one["type"] in seen or len(one["bytes"]) > 1200):
            continue
        seen.add(one["type"])
        value = field(1, "type.googleapis.com/kuma.mesh.v1alpha1.KumaResource") + field(2, base64.b64decode(one["bytes"]))
        response = field(2, field(3, f"{number}.m") + field(1, "1") + field(2, value)) + field(4, one["type"])
        twice = sent(response + field(5, "1")) + sent(field(4, one["type"]) + field(5, "2") + field(6, f"{number}.m"))
        yield f"{one['given_by']}-{one['type']}-{number}", (b"\1" if one["given_by"] == "zone" else b"\0") + twice
    asks = b"".join(b"\1" + sent(delta(kind, ["*"]))[1:] for kind in ("Mesh", "MeshTimeout", "Secret"))
    yield "asks", b"\0" + asks + b"\2\0\x55\2\1\x55\2\2\x55\3\0\4\1\3\2\2\1\xaa\5\3\1\2\0\0\3\0\6"
    known = b"\1" + sent(delta("Secret", ["*", "b.m"], ["c.m"], [("a.m", "1"), ("z.m", "9")], error=True))[1:]
    yield "resumes", b"\0" + known + b"\2\2\x1b\6\3\2\2\2\0\4\2\5"


def frame(kind, flags, stream, body=b""):
    """RFC 9113, section 4.1."""
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def literal(name, value):
    """RFC 7541, 6.2.2: a field that is not indexed, its name too."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def headers(stream, path, grpc, end):
    body = b"\x83\x86" + literal(":path", path) + literal(":authority", "cp")
    if grpc:
        body += literal("content-type", "application/grpc") + literal("te", "trailers")
    return frame(1, 5 if end else 4, stream, body)


def message(text):
    return b"\0" + len(text).to_bytes(4, "big") + text


def http2():
    call = headers(1, "/s/m", True, False)
    yield "grpc", b"\7" + call + frame(0, 1, 1, message(b"hello") + message(b"") + message(b"x" * 300))
    yield "grpc-cut", b"\3" + call + frame(0, 0, 1, message(b"hello")[:7]) + frame(0, 0, 1, b"llo") + frame(3, 0, 1, b"\0\0\0\x08")
    yield "grpc-large", b"\x0f" + call + frame(0, 0, 1, b"\0\0\1\0\1") + frame(0, 1, 1, b"y" * 2000)
    yield "grpc-compressed", b"\1" + call + frame(0, 1, 1, b"\1\0\0\0\1x")
    yield "http", b"\7" + headers(1, "/x?y=z", False, True) + headers(3, "/y", False, False) + frame(0, 1, 3, b"body")
    yield "control", (b"\5" + frame(4, 0, 0, b"\0\4\0\0\1\0" + b"\0\3\0\0\0\1") + frame(6, 0, 0, b"12345678") +
                      frame(8, 0, 0, b"\0\0\1\0") + call + frame(8, 0, 1, b"\0\0\1\0") + frame(2, 0, 1, b"\0\0\0\0\1") +
                      frame(7, 0, 0, b"\0\0\0\0\0\0\0\0bye"))
    yield "continued", b"\7" + frame(1, 0, 1, b"\x83\x86") + frame(9, 4, 1, literal(":path", "/") + literal(":authority", "a"))
    yield "http1", b"\0GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def bodies(folder):
    """Every JSON body that the recordings of the REST API send, by how they name it."""
    for path in sorted((folder / "rest").rglob("*.json")):
        case = json.loads(path.read_text())
        for call in case.get("setup", []) + [case.get("request", {})]:
            if isinstance(call.get("body"), dict):
                yield path.parent.name, call["body"]


def asked(call):
    body = call.get("body", "")
    return f"{call['method']} {call['path']}\n" + (body if isinstance(body, str) else json.dumps(body))


def rest(folder, all_of_them):
    raw = ("PUT /meshes/m HTTP/1.1\r\nHost: cp\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n"
           '{"type": "Mesh", "name":"m"}' "GET /meshes?size=1&offset=1 HTTP/1.1\r\nHost: cp\r\n\r\n"
           "DELETE /meshes/m HTTP/1.0\r\nHost: cp\r\n\r\n")
    yield "kept", raw.encode()
    yield "chunked", (b"PUT /meshes/m HTTP/1.1\r\nHost: cp\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
                      b"10\r\n{\"type\": \"Mesh\",\r\nc;x=y\r\n\"name\": \"m\"}\r\n0\r\nA: b\r\n\r\n")
    yield "short", b"GET /%2e%2e/meshes//?x=%zz HTTP/1.1\r\nHost: cp\r\nConnection: close\r\n\r\n"
    chosen = set()
    for path in sorted((folder / "rest").rglob("*.json"), key=lambda each: (each.stat().st_size, each)):
        case = json.loads(path.read_text())
        calls = case.get("setup", []) + ([case["request"]] if "request" in case else [])
        if not calls or not all("method" in call and "path" in call for call in calls):
            continue
        group = path.parent.name.split("-")[0:2]
        if not all_of_them and (tuple(group) in chosen or path.stat().st_size > 4000):
            continue
        chosen.add(tuple(group))
        yield path.parent.name + "-" + path.stem, "".join("=" + asked(call) + "\n" for call in calls).encode()


def resources(folder, all_of_them):
    yield "kubernetes.yaml", (b"apiVersion: kuma.io/v1alpha1\nkind: MeshTimeout\nmetadata:\n  name: slow\n  namespace: a\n"
                              b"  labels: {kuma.io/mesh: m}\nspec:\n  targetRef: {kind: Mesh}\n  to:\n"
                              b"  - {targetRef: {kind: Mesh}, default: {idleTimeout: 1h30m, http: {requestTimeout: 15s}}}\n")
    yield "several.yaml", (b"type: Mesh\nname: a\nmtls: &m {enabledBackend: ca-1, backends: [{name: ca-1, type: builtin}]}\n"
                           b"---\ntype: Mesh\nname: 'b'\nmtls: *m\n--- # nothing\n---\ntype: Dataplane\nmesh: a\nname: d\n"
                           b"networking:\n  address: 10.0.0.1\n  inbound:\n  - {port: 80, tags: {kuma.io/service: web}}\n")
    by_kind = {}
    for name, body in bodies(folder):
        text = json.dumps(body, indent=1)
        if all_of_them:
            yield f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json", text.encode()
        kind = body.get("type") or body.get("kind")
        if isinstance(kind, str) and kind.isalpha() and len(text) < len(by_kind.get(kind, text + " ")):
            by_kind[kind] = text
    for kind, text in sorted(by_kind.items()):
        yield kind + ".json", text.encode()
    if all_of_them:
        for path in sorted((folder / "xds").rglob("*.input.yaml")):
            yield f"{path.parent.name}-{path.name}", path.read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=["small", "large"])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("conformance", type=pathlib.Path)
    arguments = parser.parse_args()
    large = arguments.size == "large"
    for target, seeds in (("ads", ads()), ("http2", http2()), ("kds", kds(large)), ("rest", rest(arguments.conformance, large)),
                          ("resources", resources(arguments.conformance, large))):
        folder = arguments.out / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds:
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
