/// Pages that describe kinds: /policies and /_resources.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/rest_api.hpp"

namespace kumasim::cp {

using nlohmann::json;

json RestApi::policies() const {
  json list = json::array();
  for (const Kind* kind : kinds()) {
    const KindTable& table = kind->table();
    if (!table.policy) continue;
    list.push_back({{"name", table.type},
                    {"path", table.path},
                    {"readOnly", is_read_only(*kind)},
                    {"singularDisplayName", table.singular_text},
                    {"pluralDisplayName", table.plural_text},
                    {"isExperimental", table.experimental},
                    {"isTargetRefBased", table.target_ref},
                    {"isInbound", table.has_from},
                    {"isOutbound", table.has_to}});
  }
  return {{"policies", list}};
}

json RestApi::resource_types() const {
  json list = json::array();
  for (const Kind* kind : kinds()) {
    const KindTable& table = kind->table();
    if (table.path.empty()) continue;
    json entry = {{"name", table.type},
                  {"path", table.path},
                  // Unlike /policies, this page asks neither for the mode nor for what a federated zone may write.
                  {"readOnly", options_.read_only || options_.federated || kind->is_read_only()},
                  {"scope", kind->is_global() ? "Global" : "Mesh"},
                  {"singularDisplayName", table.singular_text},
                  {"pluralDisplayName", table.plural_text},
                  {"includeInFederation", table.kds.global_to_zones && !table.read_only}};
    if (table.policy) {
      entry["policy"] = {{"hasFromTargetRef", table.has_from},
                         {"hasToTargetRef", table.has_to},
                         {"isFromAsRules", table.from_as_rules},
                         {"isTargetRef", table.target_ref}};
    }
    list.push_back(std::move(entry));
  }
  return {{"resources", list}};
}

}  // namespace kumasim::cp
