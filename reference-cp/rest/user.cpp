/// Users and admins.
#include "reference-cp/rest/user.hpp"

#include <algorithm>

namespace kumasim::cp {

std::string User::text() const {
  std::string out = name + "/";
  for (std::size_t i = 0; i < groups.size(); ++i) out += (i == 0 ? "" : ",") + groups[i];
  return out;
}

User admin_user() { return {"mesh-system:admin", {"mesh-system:admin", "mesh-system:authenticated"}}; }

User anonymous_user() { return {}; }

bool AdminAccess::allows(const User& user) const {
  auto listed = [](const std::vector<std::string>& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
  };
  return listed(users, user.name) ||
         std::ranges::any_of(user.groups, [&](const auto& group) { return listed(groups, group); });
}

}  // namespace kumasim::cp
