/// The language of expectations: what a predicate asks of the calls and states of a run.
///
///     no-plaintext                              some call crossed a proxy, and none travelled in the clear
///     failed-calls == 0                         how many calls got no answer, or one that is not 2xx or 3xx
///     failed-calls(web -> backend) == 0         the same of one flow
///     calls(web -> backend) >= 100              how many calls began
///     availability(web -> backend) >= 99.9%     part of the calls that succeeded
///     availability(web@east -> backend) >= 99%  the same of the calls of the instances in a zone; so for all flows
///     share(web -> backend, version=v1) in 87%..93%   part of the answered calls that such an instance answered
///     latency(web -> backend, p99) <= 50ms      a percentile of the time to the answer; without one: for ever
///     reachable(a -> b)                         every call succeeded
///     denied(a -> b)                            every call was refused by access control
///     blocked(a -> b)                           no call succeeded, for whatever reason
///     converged                                 every running proxy knows exactly the running instances that it
///                                               calls, and has taken the newest configuration of the control plane,
///                                               which has sent out all that was written
///     policy-applied(KIND/NAME)                 at the end of the window every running proxy that the policy is about
///                                               runs a configuration that was made with the policy as it was last
///                                               written; the kind may be left out where it is clear
///     certificate-rotated(SERVICE)              every instance that ran in the window got a new certificate in it,
///                                               while it ran; one that it got by a restart does not count
///     refusals-known                            what a proxy refuses, the control plane says it refuses: it takes no
///                                               refused response for one that was taken
///     allowed-pairs-share-trust                 at no instant would a proxy have refused the certificate of one that
///                                               calls it, or that it calls, by what both hold then
///     no-plaintext-window                       at no instant would a call have passed in the clear between proxies,
///                                               by what both hold then
///     no-black-hole                             at no instant would a call have gone nowhere, by what the two proxies
///                                               hold then, while somebody runs who would serve it
///
/// One that speaks of calls does not hold in a window without a call: silence proves nothing.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace kumasim::scenario {

struct Predicate {
  enum class Kind {
    no_plaintext,
    failed_calls,
    calls,
    availability,
    share,
    latency,
    reachable,
    denied,
    blocked,
    converged,
    policy_applied,
    certificate_rotated,
    refusals_known,
    share_trust,
    no_plaintext_window,
    no_black_hole
  };
  enum class Relation { less, at_most, equal, at_least, more, within };

  Kind kind = Kind::no_plaintext;
  std::string from, to;            // a flow; empty: all flows
  std::string from_zone;           // of the calling instances; "": any
  std::string tag_key, tag_value;  // share
  int percentile = 0;              // latency: 50, 90, 99 ... in whole percent
  std::string type;                // policy_applied: kind; "" for any
  std::string name;                // policy_applied, certificate_rotated
  Relation relation = Relation::equal;
  std::int64_t low = 0;   // count, parts of a million, or nanoseconds
  std::int64_t high = 0;  // of Relation::within

  bool holds(std::int64_t value) const;
  /// It is about what calls would meet, made or not, which not every world can look at.
  bool of_paths() const { return kind >= Kind::share_trust; }
};

/// What is wrong with the text, in words for people.
struct PredicateError {
  std::string message;
  std::string hint;
};

std::expected<Predicate, PredicateError> parse_predicate(std::string_view text);

}  // namespace kumasim::scenario
