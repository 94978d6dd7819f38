/// Who is at the other end of a stream: the Envoy node of its first message, free of protobuf.
#pragma once

#include <string>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/ads/request.hpp"

namespace envoy::config::core::v3 {
class Node;
}

namespace kumasim::cp {

AdsNode node_of(const ::envoy::config::core::v3::Node& node);

/// The proxy of a node's id, "MESH.NAME" as the bootstrap gives it; a zone proxy's mesh is empty. invalid_argument
/// where it is not one.
Result<ResourceKey> proxy_of_node(const std::string& id);

}  // namespace kumasim::cp
