/// What matched policies say, rearranged by whom they say it of: clients (from), all clients (rules), destinations
/// (to).
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "reference-cp/policy/precedence.hpp"
#include "reference-cp/policy/subset.hpp"
#include "reference-cp/xds/kri.hpp"

namespace kumasim::cp {
class MeshView;

namespace policy {

/// Which entry of which policy a conf came from.
struct RuleOrigin {
  ResourcePtr resource;
  std::size_t index = 0;
};

/// A merged conf for a set of clients or of legacy destinations, given by tags.
struct Rule {
  Subset subset;
  nlohmann::json conf;
  std::vector<RuleOrigin> origins;
  std::map<std::string, RuleOrigin> origin_by_matches;  ///< MeshHTTPRoute: hash of a rule's matches -> its policy
};

/// An entry of `rules`, or of a `from` where the kind takes these as rules. Not merged: in order of precedence.
struct InboundRule {
  nlohmann::json conf;
  RuleOrigin origin;
};

/// A merged conf for a real resource, or a section of one.
struct ResourceRule {
  std::vector<nlohmann::json> confs;  ///< never empty
  std::vector<RuleOrigin> origins;
  std::map<std::string, RuleOrigin> origin_by_matches;
};
using ResourceRules = std::map<Kri, ResourceRule>;

/// The tag that stands for "the route with these matches" in rules of a policy on a MeshHTTPRoute.
inline constexpr std::string_view route_tag = "__rule-matches-hash__";

/// Policies in the order in which they count (by precedence, except for those of a gateway's listener) -> rules by
/// client, most tags first. Within one group of entries that can meet in one client, the subsets are a partition; a
/// client in cells of several groups counts for the first of them.
std::vector<Rule> from_rules(std::span<const PolicyPtr> policies);

/// As from_rules for legacy destinations; where the entries use one tag key at most (as valid ones do), subsets stay as
/// written, the one with tags before the whole mesh.
std::vector<Rule> to_rules(std::span<const PolicyPtr> policies, const MeshView& mesh);

/// What `to` entries say of one destination, by the clients that their policies select: for where one proxy stands for
/// all clients. Entries that `is_for` takes count, of policies that select clients by tags.
std::vector<Rule> client_rules(std::span<const PolicyPtr> policies,
                               const std::function<bool(const TargetRef&)>& is_for);

std::vector<InboundRule> inbound_rules(std::span<const PolicyPtr> policies);

/// Policies -> one rule for each resource (or section) that an entry names, merged with those of what it is part of.
ResourceRules resource_rules(std::span<const PolicyPtr> policies, const MeshView& mesh);

/// The first rule that holds the element, nullptr where there is none.
const Rule* find_rule(std::span<const Rule> rules, const Tags& element);

/// The rule of the most specific of: the section, the whole resource, the mesh. nullptr where there is none.
const ResourceRule* find_rule(const ResourceRules& rules, const Kri& id);

/// The merged conf of rules that hold for all incoming traffic; an empty object where there is none.
nlohmann::json merged(std::span<const InboundRule> rules);

}  // namespace policy
}  // namespace kumasim::cp
