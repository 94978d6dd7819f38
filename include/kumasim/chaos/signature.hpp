/// What makes two failures the same: the expectation that broke and the cause, without what changes from seed to seed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kumasim::chaos {

/// The text with every number but an HTTP status, every time, address, hash and number of an instance as #, and runs of
/// equal words as one: "web-0 knows [10.0.0.5:8080 10.0.0.6:8080]" is "web-# knows [#]".
std::string normalised(std::string_view text);

struct Failure {
  std::string kind;   // "broken", a kind of problem such as "refused-change", "crash", "never"
  std::string what;   // the expectation's title; "" where no expectation broke
  std::string cause;  // why, as the report of a run has it
  bool operator==(const Failure&) const = default;
};

/// The expectation as it is written, the cause normalised: "broken: 40s to 60s: denied(audit -> backend): audit-# ->
/// backend/: status 200: ...".
std::string signature(const Failure& failure);

/// The signature where the expectation's window may have moved: what it says and how long it allows stay as written.
std::string signature_anywhen(const Failure& failure);

}  // namespace kumasim::chaos
