/// The smallest scenario that still breaks in the same way, and the proof that each part of it is needed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::scenario {

/// How runs of candidates come out. Both may run candidates side by side; the answers must not depend on it.
struct Trial {
  using Documents = std::vector<nlohmann::json>;
  /// The first candidate, in their order, that breaks in the wanted way; nothing where none does.
  std::function<std::optional<std::size_t>(const Documents& candidates)> first_breaking;
  /// What becomes of each: "" where it breaks in the wanted way, else "passes", "does not load: ..." and so on.
  std::function<std::vector<std::string>(const Documents& candidates)> outcomes;
  /// Called after each step that made the document smaller, and at the begin of each pass.
  std::function<void(const std::string& pass, const nlohmann::json& document)> say;
};

/// What happens without a part.
struct Necessity {
  std::string part;     // "spec.faults[0] (proc.kill)"
  std::string without;  // "passes"
  bool large = false;   // an item of one of the scenario's lists
};

struct Shrunk {
  nlohmann::json document;
  std::vector<Necessity> necessary;  // one for each part that is left
  int rounds = 0;
  bool minimal() const;
};

/// REQUIRES: the document breaks in the wanted way, and its ranges are narrowed (narrow.hpp).
Shrunk shrink(nlohmann::json document, const Trial& trial);

}  // namespace kumasim::scenario
