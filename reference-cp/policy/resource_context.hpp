/// Lookup of a typed conf for a real resource, from the most specific identity to the mesh.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/policy/rules.hpp"
#include "reference-cp/xds/kri.hpp"

namespace kumasim::cp::policy {

class ResourceContext {
 public:
  ResourceContext(const ResourceRules& rules, const std::string& mesh) : rules_(rules) {
    Kri id;
    id.type = "Mesh";
    id.name = mesh;
    ids_.push_back(id);
  }

  /// A context one step deeper: a section first, then the whole resource, then what this context has.
  ResourceContext with(const Kri& id) const {
    ResourceContext deeper(*this);
    deeper.ids_.insert(deeper.ids_.begin(), {id, id.without_section()});
    return deeper;
  }

  /// The conf of the first identity that has a rule; an empty object where none has.
  const nlohmann::json& conf() const {
    static const nlohmann::json none = nlohmann::json::object();
    for (const Kri& id : ids_)
      if (auto found = rules_.find(id); found != rules_.end()) return found->second.confs.front();
    return none;
  }

 private:
  const ResourceRules& rules_;
  std::vector<Kri> ids_;
};

/// A KRI as written in names of routes and resources; nullopt for other text.
std::optional<Kri> parse_kri(std::string_view text);

}  // namespace kumasim::cp::policy
