/// Zone: a part of a multi-zone deployment.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/tags.hpp"

namespace kumasim::cp {
namespace {

void warn(const Resource& resource, std::vector<std::string>& out) { warn_name("Zone", resource.meta.name, out); }

}  // namespace

const Kind& kind::zone() {
  static const Kind out = [] {
    KindTable table = flat_table("Zone", "zone", "zones", "");
    table.text = "A part of a multi-zone deployment.";
    table.scope = Scope::global;
    table.kds = {.provided_by_zone = true, .provided_by_global = true};
    table.schema =
        schema::message("kuma.system.v1alpha1.Zone",
                        {{"enabled", schema::wrapper(schema::boolean()), "whether traffic may cross into it"}});
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
