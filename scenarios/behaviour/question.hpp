/// The language of static expectations: what is asked of a call without running it.
///
///     allowed(web -> backend)                       every such call may pass
///     denied(audit -> backend GET /admin)           access control refuses every one
///     mtls(web -> backend)                          both ends show a certificate; plaintext(...) is its opposite
///     share(web -> backend /api, version=v2) == 10% part of the calls that comes to such instances
///     route(web -> backend /v2) == backend-v2       where it goes, as `kumasim diff` writes it
///     timeout(web -> backend) == 5s                 any fact by its name: retries, connect-timeout, rate-limit, ...
///
/// A call is `FROM -> TO [METHOD] [/PATH] [header:value ...]`; `*` stands for every service. Whoever is outside of the
/// mesh calls a builtin gateway: `outside -> GATEWAY[:PORT] [HOSTNAME] [METHOD] ...`, every listener without a port and
/// every hostname of it without one. http://, https:// and tls:// before the hostname say how the client begins, where
/// it is to begin otherwise than the listener expects. Comparisons are ==, !=, <, <=, >, >= and `in LOW..HIGH`; `none`
/// is no limit.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "kumasim/scenario/predicate.hpp"
#include "scenarios/behaviour/flow.hpp"

namespace kumasim::scenario {

struct Question {
  enum class Kind : std::uint8_t { fact, share };
  enum class Relation : std::uint8_t { equal, unequal, less, at_most, at_least, more, within };

  Kind kind = Kind::fact;
  FactId fact = FactId::access;
  std::string from, to;                    ///< "*" for every service; from "outside", `to` is a gateway, or every one
  std::uint32_t port = 0;                  ///< of the gateway's listener; 0: any
  std::string hostname = {};               ///< "": any that the listener has
  std::optional<bool> tls = std::nullopt;  ///< the client begins with TLS; none: as the listener expects
  FlowRequest request = {};
  std::string tag_key = {}, tag_value = {};  ///< share
  Relation relation = Relation::equal;
  std::string value = {};          ///< as it is written; of a text fact what it must be
  bool numeric = false;            ///< compared as numbers: low, and high of `within`
  std::int64_t low = 0, high = 0;  ///< nanoseconds, a count, parts of a million, calls an hour

  bool holds(const Fact& fact) const;
  bool from_outside() const { return from == outside; }

  static constexpr std::string_view outside = "outside";
};

std::expected<Question, PredicateError> parse_question(std::string_view text);

}  // namespace kumasim::scenario
