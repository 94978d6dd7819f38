"""check.py of the corpus as a module, with what the gate needs of it changed; the file itself is not ours and stays as it is."""
import types


class Changed(Exception):
    """check.py no longer has a text that we change."""


# (what is there exactly once, what takes its place)
CHANGES = [
    # It reads `ready` before it is set where a case is equal at the first look.
    ("key = None; lastc = None\n", "key = None; lastc = None; ready = False\n"),
    # What comes between its look at the state and its look at whether all is there must not be missed.
    ("ready = all(p.err or p.complete() for p in live.values())\n",
     "was_ready, ready = ready, all(p.err or p.complete() for p in live.values())\n"),
    ("if ready and now - t1 > min_wait and now - stable > settle: break\n",
     "if was_ready and ready and now - t1 > min_wait and now - stable > max(settle, HOLD): break\n"),
    # A case is equal only when it stays so: for HOLD seconds nothing that is compared has changed.
    ("all(wantp[n] == cur.get(n) for n in wantp): break\n",
     "all(wantp[n] == cur.get(n) for n in wantp) and now - stable >= HOLD: break\n"),
    ('if got == want or not (case["request"]["method"] == "GET" and case.get("eventual")): break\n',
     'if not (case["request"]["method"] == "GET" and case.get("eventual")) or (got == want and now - stable >= HOLD): break\n'),
    # Nor is it equal when the time is up before it has stayed so: what is compared afterwards says that.
    ("if now - t1 > timeout: break\n",
     "if now - t1 > timeout: cur = {n: or_unheld(p, now - stable) for n, p in cur.items()}; break\n"),
    ("if now - t0 > timeout: break\n",
     "if now - t0 > timeout: got = or_unheld(got, now - stable); break\n"),
]


def load_check(path, hold):
    """The module. A state that equals the recording must stay so for `hold` seconds."""
    text = path.read_text()
    for old, new in CHANGES:
        found = text.count(old)
        if found != 1:
            raise Changed(f"{path}: expected once, found {found} times: {old.strip()!r}; look at CHANGES in checker.py")
        text = text.replace(old, new)
    module = types.ModuleType("check")
    module.__file__ = str(path)
    module.HOLD = hold
    module.or_unheld = lambda state, seconds: state if seconds >= hold else {**state, **unheld(seconds)}
    exec(compile(text, path, "exec"), module.__dict__)
    yaml = getattr(module, "yaml", None)
    if hasattr(yaml, "CSafeLoader"):
        yaml.SafeLoader = yaml.CSafeLoader  # the same documents in a tenth of the time
    ask_refused_bootstraps(module)
    return module


def unheld(seconds):
    """No recording has this: what makes a state that has not stayed as it is differ from all of them."""
    return {"unheld": f"changed {seconds:.1f}s before the time was up"}


def ask_refused_bootstraps(module):
    """The recording of a proxy that got no bootstrap is its refusal; check.py connects only who has a node, so ask here."""
    run = module.run_xds

    def run_xds(cp, opts, docs, nodes, want=None, *rest):
        result = run(cp, opts, docs, nodes, want, *rest)
        for name, expected in (want or {}).get("proxies", {}).items():
            if "bootstrap_error" in expected and name not in result["proxies"]:
                result["proxies"][name] = {"bootstrap_error": bootstrap(module, cp, docs, name)}
        return result

    module.run_xds = run_xds


def bootstrap(module, cp, docs, name):
    """Status and body of what kuma-dp would be answered."""
    mine = [doc for doc in docs if doc.get("type") == "Dataplane" and doc.get("name") == name]
    mesh = mine[0].get("mesh", "default") if mine else "default"
    body = {"mesh": mesh, "name": name, "proxyType": "dataplane", "caCert": cp.ca.decode(),
            "version": {"kumaDp": {"version": "2.12.14", "gitTag": "v2.12.14", "gitCommit": "5e0c435174", "buildDate": "2026"},
                        "envoy": {"version": "1.34.11", "build": "x/1.34.11/Clean/RELEASE/BoringSSL", "kumaDpCompatible": True}}}
    status, _, text = module.http("POST", f"https://{cp.dp}/bootstrap", body, ctx=cp.ctx)
    return [status, text]
