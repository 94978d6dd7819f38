/// Discovery requests as the session reads them, free of protobuf, and their decoding.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

/// The Envoy node of a stream's first request.
struct AdsNode {
  std::string id;             ///< "MESH.NAME", as the bootstrap gave it
  std::string cluster;
  std::string metadata_json;  ///< canonical JSON object; "" where the node has none
};

/// Why a client refused a response (google.rpc.Status).
struct AdsRejection {
  int code = 0;
  std::string message;
};

/// State of the world: every request carries the whole set of names.
struct DiscoveryRequest {
  AdsNode node;
  std::string type_url;
  std::string version_info;
  std::string response_nonce;
  std::vector<std::string> names;
  std::optional<AdsRejection> error;
};

/// Incremental: requests carry what changes.
struct DeltaDiscoveryRequest {
  AdsNode node;
  std::string type_url;
  std::string response_nonce;
  std::vector<std::string> subscribe;
  std::vector<std::string> unsubscribe;
  std::map<std::string, std::string> initial_versions;
  std::optional<AdsRejection> error;
};

/// From the bytes of envoy.service.discovery.v3.DiscoveryRequest; invalid_argument where they are not one.
Result<DiscoveryRequest> decode_request(std::string_view bytes);
Result<DeltaDiscoveryRequest> decode_delta_request(std::string_view bytes);

}  // namespace kumasim::cp
