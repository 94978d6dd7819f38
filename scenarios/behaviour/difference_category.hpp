/// What a change of a fact is counted as, for `--fail-on`.
#pragma once

#include <string>
#include <vector>

#include "scenarios/behaviour/fact.hpp"

namespace kumasim::scenario {

/// Of changes: denied, allowed, unreachable, plaintext, unauthenticated (mtls became tls), encrypted, the categories of
/// facts, and unseen: the bytes of a configuration differ and nothing that is looked at does.
const std::vector<std::string>& difference_categories();

/// Of one change, sorted; several where calls go several ways.
std::vector<std::string> categories_of(FactId fact, const Fact& before, const Fact& after);

/// Each that a change of this fact may have.
std::vector<std::string> possible_categories(FactId fact);

/// Some of the calls have this, or all.
bool has_part(const Fact& fact, const std::string& text);

}  // namespace kumasim::scenario
