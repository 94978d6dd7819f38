#include <fmt/format.h>

#include "reference-cp/app/kuma_cp/planted.hpp"

namespace kumasim::cp {

Result<policy::PlantedBugs> planted_bugs_of_this_program(const std::string& name) {
  if (name.empty()) return policy::PlantedBugs{};
  return fail(Code::unsupported,
              fmt::format("{}: this program has no planted bugs; kuma-cp-planted has", planted_bug_variable));
}

}  // namespace kumasim::cp
