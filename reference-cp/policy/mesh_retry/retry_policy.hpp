/// MeshRetry's conf as Envoy's retry policy of a route.
#pragma once

#include <optional>
#include <string_view>

namespace envoy::config::route::v3 {
class RetryPolicy;
}

namespace kumasim::cp::policy::mesh_retry {

struct Conf;

/// nullopt where the conf says nothing for the protocol (http or grpc), or says that there are no retries.
std::optional<::envoy::config::route::v3::RetryPolicy> retry_policy(const Conf& conf, std::string_view protocol);

}  // namespace kumasim::cp::policy::mesh_retry
