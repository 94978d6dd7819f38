/// Names of what a zone calls at Global: gRPC methods and metadata.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "reference-cp/kds/zone_stream.hpp"

namespace kumasim::cp::kds {

namespace method {
inline constexpr std::string_view global_to_zone = "/kuma.mesh.v1alpha1.KDSSyncService/GlobalToZoneSync";
inline constexpr std::string_view zone_to_global = "/kuma.mesh.v1alpha1.KDSSyncService/ZoneToGlobalSync";
inline constexpr std::string_view config_dump = "/kuma.mesh.v1alpha1.GlobalKDSService/StreamXDSConfigs";
inline constexpr std::string_view stats = "/kuma.mesh.v1alpha1.GlobalKDSService/StreamStats";
inline constexpr std::string_view clusters = "/kuma.mesh.v1alpha1.GlobalKDSService/StreamClusters";
inline constexpr std::string_view health_check = "/kuma.mesh.v1alpha1.GlobalKDSService/HealthCheck";
}  // namespace method

namespace metadata {
inline constexpr const char* client_id = "client-id";  ///< the zone's name
inline constexpr const char* kds_version = "kds-version";
inline constexpr const char* features = "features";  ///< once for each
inline constexpr const char* version = "version";    ///< of kuma-cp
}  // namespace metadata

/// In the order in which a zone opens them.
inline constexpr std::array zone_streams = {ZoneStream::config_dump, ZoneStream::stats, ZoneStream::clusters,
                                            ZoneStream::global_to_zone, ZoneStream::zone_to_global};

constexpr std::string_view path_of(ZoneStream stream) {
  switch (stream) {
    case ZoneStream::global_to_zone: return method::global_to_zone;
    case ZoneStream::zone_to_global: return method::zone_to_global;
    case ZoneStream::config_dump: return method::config_dump;
    case ZoneStream::stats: return method::stats;
    case ZoneStream::clusters: return method::clusters;
  }
  return "";
}

constexpr std::optional<ZoneStream> stream_of(std::string_view path) {
  for (ZoneStream stream : zone_streams)
    if (path == path_of(stream)) return stream;
  return std::nullopt;
}

}  // namespace kumasim::cp::kds
