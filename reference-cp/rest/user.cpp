/// Users and what they may do.
#include "reference-cp/rest/user.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reference-cp/rest/answer.hpp"

namespace kumasim::cp {
namespace {

constexpr const char* authenticated_group = "mesh-system:authenticated";

}  // namespace

std::string User::text() const {
  std::string out = name + "/";
  for (std::size_t i = 0; i < groups.size(); ++i) out += (i == 0 ? "" : ",") + groups[i];
  return out;
}

User admin_user() { return authenticated_user("mesh-system:admin", {"mesh-system:admin"}); }

User anonymous_user() { return {}; }

User authenticated_user(std::string name, std::vector<std::string> groups) {
  groups.emplace_back(authenticated_group);
  return {std::move(name), std::move(groups)};
}

bool AccessList::allows(const User& user) const {
  auto listed = [](const std::vector<std::string>& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
  };
  return listed(users, user.name) ||
         std::ranges::any_of(user.groups, [&](const auto& group) { return listed(groups, group); });
}

std::optional<HttpResponse> deny_access(const AccessList& list, const User& user, std::string_view what) {
  if (list.allows(user)) return std::nullopt;
  return problem(403, "Access Denied", fmt::format("user \"{}\" cannot access {}", user.text(), what));
}

}  // namespace kumasim::cp
