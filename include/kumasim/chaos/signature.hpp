/// What makes two failures the same: the expectation that broke and the cause, without what changes from seed to seed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kumasim::chaos {

/// The text with every number, time, address, hash and number of an instance written as #, and runs of equal words as
/// one: "web-0 knows [10.0.0.5:8080 10.0.0.6:8080]" is "web-# knows [#]".
std::string normalised(std::string_view text);

struct Failure {
  std::string kind;   // "broken", a kind of problem such as "refused-change", "crash", "never"
  std::string what;   // the expectation's title; "" where no expectation broke
  std::string cause;  // why, as the report of a run has it
  bool operator==(const Failure&) const = default;
};

/// "broken: during # to #: denied(audit -> backend): audit-# -> backend/: status #: ...".
std::string signature(const Failure& failure);

}  // namespace kumasim::chaos
