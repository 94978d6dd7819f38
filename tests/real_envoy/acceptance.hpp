/// What real Envoys say to the configurations of corpus cases: each proxy's, in an Envoy of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/real_envoy/corpus_case.hpp"

namespace kumasim::test {

/// Something that is not in use as it was configured.
struct Finding {
  std::string id, proxy;  ///< AREA/CASE and the proxy's name
  std::string what;       ///< the last part of the refused type's URL; "start" or "warming" where nothing was refused
  std::string message;    ///< Envoy's
};

struct Acceptance {
  std::size_t cases = 0;
  std::size_t proxies = 0;          ///< that were configured by an Envoy of their own
  std::size_t without = 0;          ///< more proxies, to which the recorded control plane sends nothing
  std::vector<Finding> findings;    ///< by case
  std::optional<Error> impossible;  ///< why no Envoy can run here
};

/// With two Envoys at a time, of each case the proxies that `takes` says, by the case's id and their name. Half of the
/// proxies, by their names, use the incremental variant of ADS.
using TakesProxy = std::function<bool(const std::string& id, const std::string& proxy)>;
Acceptance accept(const std::vector<cp::golden::Case>& cases, const TakesProxy& takes);

/// A refusal that real Kuma's configuration meets as well, for it is the same (known_refusals.json).
struct KnownRefusal {
  std::string id, proxy, what;
  std::string message;  ///< a part of Envoy's
  std::string reason;
  bool operator==(const KnownRefusal&) const = default;
  bool tells(const Finding& finding) const {
    return finding.id == id && finding.proxy == proxy && finding.what == what &&
           finding.message.find(message) != std::string::npos;
  }
};
std::vector<KnownRefusal> known_refusals();

}  // namespace kumasim::test
