/// What a client of ADS has answered so far; written by the server's thread, read by others.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "reference-cp/xds/ads/session.hpp"

namespace kumasim::test {

/// What Envoy said to a response that it did not take.
struct Refusal {
  std::string type_url, message;
  bool operator==(const Refusal&) const = default;
};

class AdsAnswers {
 public:
  struct State {
    std::vector<Refusal> refusals;                    ///< each once
    std::map<std::string, std::string> acknowledged;  ///< type URL -> version of the last response, where it was taken
    std::set<std::string> missing;                    ///< "TYPE NAME" of what was asked for by name and is not there
    bool settled = false;   ///< clusters and listeners were asked for, and every response has its answer
    bool accepted = false;  ///< all that was asked for was taken
  };

  State get() const;
  void take(const cp::AdsAnswer& answer);
  void misses(const std::string& type_url, const std::string& name);
  void stand(bool settled, bool accepted);

 private:
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace kumasim::test
