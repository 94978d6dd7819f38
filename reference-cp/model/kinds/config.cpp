/// Config: the control plane's own records (its cluster's id, allocated VIPs), which REST does not show.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"

namespace kumasim::cp {

const Kind& kind::config() {
  static const Kind out = [] {
    KindTable table = flat_table("Config", "", "", "");
    table.text = "The control plane's own records.";
    table.scope = Scope::global;
    table.kds = {.global_to_zones = true, .provided_by_zone = true};
    table.schema = schema::message("kuma.system.v1alpha1.Config", {{"config", schema::string(), "the record"}});
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
