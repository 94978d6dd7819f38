/// MeshRateLimit's conf (Kuma docs, "Mesh Rate Limit").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp::policy::mesh_rate_limit {

struct Rate {
  std::uint32_t number = 0;
  Duration interval{};
};

/// Of the answer to a request that is too much.
struct Header {
  std::string name, value;
  bool append = false;  ///< beside values that are there; else instead of them
};

struct HttpLimit {
  Rate requests;
  std::uint32_t status = 0;  ///< 0: Envoy's own, 429
  std::vector<Header> headers;
};

/// What is switched off or has no rate is absent.
struct Conf {
  std::optional<HttpLimit> http;
  std::optional<Rate> connections;

  static Conf from_json(const nlohmann::json& json);
};

}  // namespace kumasim::cp::policy::mesh_rate_limit
