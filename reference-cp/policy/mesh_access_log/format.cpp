/// Replacement of placeholders.
#include "reference-cp/policy/mesh_access_log/format.hpp"

#include <utility>

#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp::policy::mesh_access_log {
namespace {

/// Each must be what Kuma writes: programs read these lines.
constexpr std::string_view connection_format =
    "[%START_TIME%] %RESPONSE_FLAGS% %KUMA_MESH% %KUMA_SOURCE_ADDRESS_WITHOUT_PORT%(%KUMA_SOURCE_SERVICE%)->"
    "%UPSTREAM_HOST%(%KUMA_DESTINATION_SERVICE%) took %DURATION%ms, sent %BYTES_SENT% bytes, received: "
    "%BYTES_RECEIVED% bytes";
constexpr std::string_view request_format =
    R"([%START_TIME%] %KUMA_MESH% "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% )"
    R"(%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% )"
    R"("%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-B3-TRACEID?X-DATADOG-TRACEID)%" "%REQ(X-REQUEST-ID)%" )"
    R"("%REQ(:AUTHORITY)%" "%KUMA_SOURCE_SERVICE%" "%KUMA_DESTINATION_SERVICE%" )"
    R"("%KUMA_SOURCE_ADDRESS_WITHOUT_PORT%" "%UPSTREAM_HOST%")";

void replace_all(std::string& text, std::string_view placeholder, const std::string& value) {
  std::string result;
  std::size_t from = 0;
  for (std::size_t at; (at = text.find(placeholder, from)) != std::string::npos; from = at + placeholder.size())
    result.append(text, from, at - from).append(value);
  if (from == 0) return;  // none is there
  text = result.append(text, from);
}

}  // namespace

std::string interpolate(std::string text, const Subject& subject) {
  if (text.find("%KUMA_") == std::string::npos) return text;
  const std::pair<std::string_view, std::string> placeholders[] = {
      {"%KUMA_SOURCE_ADDRESS%", envoy::host_port(subject.source_address, 0)},
      {"%KUMA_SOURCE_ADDRESS_WITHOUT_PORT%", subject.source_address},
      {"%KUMA_SOURCE_SERVICE%", subject.source_service},
      {"%KUMA_DESTINATION_SERVICE%", subject.destination_service},
      {"%KUMA_MESH%", subject.mesh},
      {"%KUMA_TRAFFIC_DIRECTION%", std::string(subject.direction)},
  };
  for (const auto& [placeholder, value] : placeholders) replace_all(text, placeholder, value);
  return text;
}

std::string_view default_format(std::string_view protocol) {
  return is_http_based(protocol) ? request_format : connection_format;
}

}  // namespace kumasim::cp::policy::mesh_access_log
