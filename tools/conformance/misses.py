"""Which cases are known to fail and why, and whether a run agrees with it."""
import json


class BadFile(Exception):
    """The file of known misses is not what it must be."""


class Misses:
    """Read from known_misses.json: see README.md."""

    def __init__(self, counts, known, timing):
        self.counts, self.known, self.timing = counts, known, timing

    @classmethod
    def read(cls, path):
        def unique(pairs):
            keys = [key for key, _ in pairs]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            if twice:
                raise BadFile(f"{path}: named twice: {', '.join(twice)}")
            return dict(pairs)

        try:
            data = json.loads(path.read_text(), object_pairs_hook=unique)
        except json.JSONDecodeError as error:
            raise BadFile(f"{path}: {error}") from error
        wanted = {"corpus", "misses", "timing"}
        if not isinstance(data, dict) or set(data) != wanted:
            found = sorted(data) if isinstance(data, dict) else type(data).__name__
            raise BadFile(f"{path}: expected the keys {', '.join(sorted(wanted))} and no other, found {found}")
        kinds = {"xds", "rest", "bootstrap"}
        if set(data["corpus"]) != kinds or not all(isinstance(n, int) for n in data["corpus"].values()):
            raise BadFile(f"{path}: corpus: expected a number of cases for each of {', '.join(sorted(kinds))}")
        for table in ("misses", "timing"):
            for case, reason in data[table].items():
                if not isinstance(reason, str) or not reason.strip():
                    raise BadFile(f"{path}: {table}: {case}: expected the reason as a text")
        both = sorted(set(data["misses"]) & set(data["timing"]))
        if both:
            raise BadFile(f"{path}: in both tables: {', '.join(both)}")
        return cls(data["corpus"], data["misses"], data["timing"])

    def wants_another_try(self, case, passed):
        """A miss that passes has to do so twice; what depends on the moment may fail once."""
        return passed if case in self.known else not passed and case in self.timing

    def judge(self, attempts, whole):
        """(what makes the run fail, what is only said), one line each. `attempts`: case -> whether each attempt passed."""
        wrong, said = [], []
        for case in sorted(attempts):
            passed = attempts[case]
            if case in self.known:
                if all(passed):
                    wrong.append(f"{case}: passes: delete it from the known misses, which only shrink")
                elif any(passed):
                    said.append(f"{case}: a known miss that passed once")
            elif case in self.timing:
                if not any(passed):
                    wrong.append(f"{case}: fails, tried twice ({self.timing[case]})")
                elif not passed[0]:
                    said.append(f"{case}: passed at the second try ({self.timing[case]})")
            elif not passed[0]:
                wrong.append(f"{case}: fails and is no known miss")
        if whole:
            wrong += self.compare_with_corpus(attempts)
        return wrong, said

    def compare_with_corpus(self, cases):
        wrong = [f"{case}: named in the file of known misses, but not in the corpus"
                 for case in sorted((set(self.known) | set(self.timing)) - set(cases))]
        for kind, count in sorted(self.counts.items()):
            found = sum(case.split("/")[0] == kind for case in cases)
            if found != count:
                wrong.append(f"{kind}: the corpus has {found} cases, the file of known misses is of {count}")
        return wrong
