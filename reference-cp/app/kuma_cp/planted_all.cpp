#include "reference-cp/app/kuma_cp/planted.hpp"

namespace kumasim::cp {

Result<policy::PlantedBugs> planted_bugs_of_this_program(const std::string& name) {
  return policy::PlantedBugs::from_name(name);
}

}  // namespace kumasim::cp
