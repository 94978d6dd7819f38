/// Names of resources on the other side of a synchronisation: the display name and a hash of where it came from.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kumasim::cp::kds {

/// "web-xxxxxxxxxxxxxxxx": the name, cut so that Kubernetes takes it (253 characters), and 16 characters of a hash of
/// mesh, name and values. As Kuma makes it, so that both write the same name.
std::string hashed_name(std::string_view mesh, std::string_view name, std::span<const std::string> values);

}  // namespace kumasim::cp::kds
