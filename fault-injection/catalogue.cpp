/// The list of the catalogue.
#include "kumasim/fault/catalogue.hpp"

#include <algorithm>

#include "fault-injection/kinds.hpp"

namespace kumasim::fault {

const Parameter* Kind::find_parameter(std::string_view wanted) const {
  auto found = std::ranges::find(parameters, wanted, &Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = [] {
    std::vector<Kind> out = network_kinds();
    for (auto more :
         {connection_kinds(), process_kinds(), disk_kinds(), clock_kinds(), application_kinds(), store_kinds(),
          view_kinds(), load_kinds(), configuration_kinds(), operation_kinds(), discovery_kinds(), certificate_kinds(),
          zone_kinds()})
      out.insert(out.end(), more.begin(), more.end());
    return out;
  }();
  return all;
}

const Kind* find_kind(std::string_view name) {
  auto found = std::ranges::find(kinds(), name, &Kind::name);
  return found == kinds().end() ? nullptr : &*found;
}

}  // namespace kumasim::fault
