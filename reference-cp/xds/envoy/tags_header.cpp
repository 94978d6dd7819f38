#include "reference-cp/xds/envoy/tags_header.hpp"

#include <envoy/config/route/v3/route.pb.h>

#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/envoy/names.hpp"

namespace kumasim::cp::envoy {

bool tags_header_used(const MeshView& mesh) {
  return !mesh.all("RateLimit").empty() || !mesh.all("FaultInjection").empty() ||
         !mesh.all("MeshFaultInjection").empty();
}

std::string tags_header_value(const Resource& dataplane) {
  std::string text;
  for (const auto& [tag, values] : tag_values(dataplane)) {
    text += "&" + tag + "=";
    for (const std::string& value : values) text += (text.back() == '=' ? "" : ",") + value;
    text += "&";
  }
  return text;
}

void add_tags_header(const Resource& dataplane, RouteConfiguration& configuration) {
  std::string text = tags_header_value(dataplane);
  if (text.empty()) return;
  auto& header = *configuration.add_request_headers_to_add()->mutable_header();
  header.set_key(std::string(tags_header));
  header.set_value(text);
}

}  // namespace kumasim::cp::envoy
