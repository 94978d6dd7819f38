/// Who asks, and what they may see and do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kumasim/transport/http.hpp"
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
/// The user that a token names: of its groups and of all who are known.
User authenticated_user(std::string name, std::vector<std::string> groups);

/// Names and groups that may do one thing.
struct AccessList {
  std::vector<std::string> users = {"mesh-system:admin"};
  std::vector<std::string> groups = {"mesh-system:admin"};

  bool allows(const User& user) const;
};

/// Kuma's `access.static`.
struct Access {
  static AccessList everyone() { return {{}, {"mesh-system:unauthenticated", "mesh-system:authenticated"}}; }

  AccessList admin_resources{};
  AccessList generate_dp_token{};
  AccessList generate_user_token{};
  AccessList generate_zone_token{};
  AccessList view_config_dump = everyone();
  AccessList view_stats = everyone();
  AccessList view_clusters = everyone();
  AccessList control_plane_metadata = everyone();
};

/// The answer to who is not on the list: `user "NAME" cannot access WHAT`; nullopt for who is.
std::optional<HttpResponse> deny_access(const AccessList& list, const User& user, std::string_view what);

}  // namespace kumasim::cp
