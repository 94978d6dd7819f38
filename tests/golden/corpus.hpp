/// The conformance corpus (recordings of real kuma-cp 2.12.14): its cases, and the judgement of generation against one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/golden/universe.hpp"

namespace kumasim::cp::golden {

struct Case {
  std::string area, name;
  std::filesystem::path input, expected;
  std::string id() const { return area + "/" + name; }
};

/// `../shared/conformance`, seen from the source tree; nullopt where it is not.
std::optional<std::filesystem::path> corpus();
/// Cases of one area, or all with an empty area; in order.
std::vector<Case> cases(const std::filesystem::path& corpus, const std::string& area);

/// A case whose documents were applied and whose proxies are connected, settled.
struct Played {
  Universe universe;
  nlohmann::json run;               ///< the options of its first comment
  nlohmann::json expected;          ///< the recording
  std::vector<std::string> unread;  ///< documents of kinds that the model does not know
};
Played play(const Case& subject, Universe universe = Universe());
/// The mesh of a recorded proxy; "" of a zone proxy.
std::string mesh_of(const nlohmann::json& proxy);

struct Verdict {
  bool equal = false;
  std::size_t matched = 0, total = 0;    ///< resources of all proxies that are equal, that either side has
  std::vector<std::string> differences;  ///< "proxy type name: pointer expected ... got ..."
  std::vector<std::string> unread;       ///< documents of kinds that the model does not know
};

/// Applies the documents of a case to views, connects its proxies, and compares what they would hold. The same
/// normalisation as check.py's: VIPs become names, hashes of generated documents words; of certificates only that there
/// is one counts here.
Verdict judge(const Case& subject);

}  // namespace kumasim::cp::golden
