/// What a line of the log holds: Kuma's placeholders and default formats.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cp::policy::mesh_access_log {

/// What Kuma's own placeholders stand for; Envoy does not know them.
struct Subject {
  std::string source_service, source_address, destination_service, mesh;
  std::string_view direction;  ///< "INBOUND", "OUTBOUND" or "UNSPECIFIED"
};

/// %KUMA_SOURCE_SERVICE%, %KUMA_MESH% and the others replaced; Envoy's stay.
std::string interpolate(std::string text, const Subject& subject);

/// For HTTP and its kin, else for connections.
std::string_view default_format(std::string_view protocol);

}  // namespace kumasim::cp::policy::mesh_access_log
