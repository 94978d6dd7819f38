/// What Kuma's metrics of its API call a route.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cp {

/// The route of a path with its variables in braces, "/meshes/{mesh}/dataplanes/{name}", as go-restful has it for Kuma
/// (pkg/util/prometheus/gorestful_middleware.go): there are as many as there are routes, whatever clients ask for. ""
/// where Kuma has no such route.
std::string handler_name(std::string_view path);

}  // namespace kumasim::cp
