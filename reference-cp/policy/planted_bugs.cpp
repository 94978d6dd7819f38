/// Planted bugs and their names.
#include "reference-cp/policy/planted_bugs.hpp"

#include <envoy/config/listener/v3/listener.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/policy/rbac.hpp"

namespace kumasim::cp::policy {
namespace {

/// What a legacy permission has put in goes, and nothing comes.
void drop_rbac_rule(::envoy::config::listener::v3::Listener& listener) {
  for (auto& chain : *listener.mutable_filter_chains()) remove_network_rbac(chain);
}

}  // namespace

const std::vector<std::string>& PlantedBugs::names() {
  static const std::vector<std::string> out{"rbac-rule-dropped"};
  return out;
}

Result<PlantedBugs> PlantedBugs::from_name(const std::string& name) {
  PlantedBugs bugs;
  if (name.empty()) return bugs;
  if (name != names().front())
    return fail(Code::invalid_argument,
                fmt::format("no planted bug has the name \"{}\"; there is {}", name, fmt::join(names(), ", ")), name);
  bugs.permissions = drop_rbac_rule;
  return bugs;
}

}  // namespace kumasim::cp::policy
