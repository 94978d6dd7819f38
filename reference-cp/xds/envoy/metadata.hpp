/// Tags as Envoy's metadata, and durations as protobuf has them.
#pragma once

#include "kumasim/runtime/time.hpp"
#include "reference-cp/xds/endpoint.hpp"

namespace google::protobuf {
class Duration;
class Struct;
}  // namespace google::protobuf
namespace envoy::config::core::v3 {
class Metadata;
}
namespace envoy::config::endpoint::v3 {
class LbEndpoint;
}

namespace kumasim::cp::envoy {

void set_duration(google::protobuf::Duration& out, Duration duration);
/// Every tag as a string field.
void fill_fields(google::protobuf::Struct& out, const Tags& tags);
/// For load balancing by subsets and the choice of a transport socket; the service is left out, the cluster has its
/// name.
void endpoint_metadata(::envoy::config::endpoint::v3::LbEndpoint& endpoint, const Tags& tags);
/// `io.kuma.tags` of a listener; there even where it is empty.
void listener_tags(::envoy::config::core::v3::Metadata& metadata, const Tags& tags);

}  // namespace kumasim::cp::envoy
