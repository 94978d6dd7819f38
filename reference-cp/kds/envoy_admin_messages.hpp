/// What Global asks a zone about the Envoy of one of its proxies, and the zone's answer: the targets of Envoy's admin
/// server (rest/envoy_admin.hpp) as Kuma's messages. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/kds/zone_stream.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp::kds {

struct AdminRequest {
  std::string id;
  std::string type;  ///< "Dataplane", "ZoneIngress", "ZoneEgress"
  ResourceKey proxy;
  std::string target;  ///< "/stats?format=json&usedonly="
};

struct AdminAnswer {
  std::string id;
  Result<std::string> body;
};

/// The stream on which this target is asked for: config_dump, stats or clusters. invalid_argument for another target.
Result<ZoneStream> admin_stream_of(std::string_view target);

/// "XDSConfigRequest", as Kuma names it in errors.
std::string_view admin_request_name(ZoneStream stream);

/// As admin_stream_of(request.target) has it. REQUIRES: there is one.
std::string encode(const AdminRequest& request);
Result<AdminRequest> decode_admin_request(ZoneStream stream, std::string_view bytes);

std::string encode(ZoneStream stream, const AdminAnswer& answer);
/// A body that is missing is an empty one; of a failure only the words travel, as unavailable.
Result<AdminAnswer> decode_admin_answer(ZoneStream stream, std::string_view bytes);

}  // namespace kumasim::cp::kds
