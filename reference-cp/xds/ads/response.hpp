/// Discovery responses put together from shared bytes: a resource that is serialised once is never copied again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp {

using Slices = std::vector<std::shared_ptr<const std::string>>;

struct ResponseHead {
  std::string type_url;
  std::string version;
  std::string nonce;
  std::string control_plane;  ///< identifier of the instance; "" leaves the field out
};

/// The bytes of envoy.service.discovery.v3.DiscoveryResponse, in order, as slices.
Slices frame_response(const ResponseHead& head, const std::vector<XdsResourcePtr>& resources);

/// The bytes of envoy.service.discovery.v3.DeltaDiscoveryResponse.
Slices frame_delta_response(const ResponseHead& head, const std::vector<XdsResourcePtr>& resources,
                            const std::vector<std::string>& removed);

/// A short name for a set of resources: equal sets have equal versions, whoever asks and whenever.
std::string version_of(const std::vector<XdsResourcePtr>& resources);

/// The name under which a cluster's endpoints are asked for: `eds_cluster_config.service_name`, else the cluster's own.
/// `any` is a serialised google.protobuf.Any that holds a Cluster.
std::string endpoint_name(const XdsResource& cluster);

}  // namespace kumasim::cp
