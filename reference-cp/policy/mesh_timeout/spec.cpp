/// MeshTimeout's conf from JSON.
#include "reference-cp/policy/mesh_timeout/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_timeout {

Conf Conf::from_json(const nlohmann::json& json) {
  const nlohmann::json& http = at(json, "http");
  return {.connection = duration_at(json, "connectionTimeout"),
          .idle = duration_at(json, "idleTimeout"),
          .request = duration_at(http, "requestTimeout"),
          .stream_idle = duration_at(http, "streamIdleTimeout"),
          .max_stream = duration_at(http, "maxStreamDuration"),
          .max_connection = duration_at(http, "maxConnectionDuration"),
          .request_headers = duration_at(http, "requestHeadersTimeout")};
}

}  // namespace kumasim::cp::policy::mesh_timeout
