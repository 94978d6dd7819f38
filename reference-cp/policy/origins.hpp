/// Bookkeeping of which policies a merged conf came from.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "reference-cp/policy/rules.hpp"

namespace kumasim::cp::policy {

/// Each policy once (with its first entry), or each entry of it once.
std::vector<RuleOrigin> origins(std::span<const SourcedEntry> entries, bool by_entry);

/// For MeshHTTPRoute: the entry that gave the rule with these matches; the last one where there are several.
std::map<std::string, RuleOrigin> origin_by_matches(std::span<const SourcedEntry> entries);

}  // namespace kumasim::cp::policy
