/// Who asks, and what they may see.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

struct User {
  std::string name = "mesh-system:anonymous";
  std::vector<std::string> groups = {"mesh-system:unauthenticated"};

  /// "name/group,group", as Kuma prints it.
  std::string text() const;
};

/// The user that requests from the machine itself act as.
User admin_user();
User anonymous_user();

/// Names and groups that may use what only admins may (KUMA_ACCESS_STATIC_ADMIN_RESOURCES_*).
struct AdminAccess {
  std::vector<std::string> users = {"mesh-system:admin"};
  std::vector<std::string> groups = {"mesh-system:admin"};

  bool allows(const User& user) const;
};

}  // namespace kumasim::cp
