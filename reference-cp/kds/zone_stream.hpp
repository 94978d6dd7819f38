/// The five streams that a zone opens at Global, as its ZoneInsight names them.
#pragma once

#include <cstdint>
#include <string_view>

namespace kumasim::cp::kds {

enum class ZoneStream : std::uint8_t { global_to_zone, zone_to_global, config_dump, stats, clusters };

/// The field of ZoneInsight's `kdsStreams`.
constexpr std::string_view to_string(ZoneStream stream) {
  switch (stream) {
    case ZoneStream::global_to_zone: return "globalToZone";
    case ZoneStream::zone_to_global: return "zoneToGlobal";
    case ZoneStream::config_dump: return "configDump";
    case ZoneStream::stats: return "stats";
    case ZoneStream::clusters: return "clusters";
  }
  return "";
}

}  // namespace kumasim::cp::kds
