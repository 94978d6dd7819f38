/// Whether what calls name is there, and has an instance behind it.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "reference-cp/xds/json_read.hpp"
#include "scenarios/engine/destination.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

constexpr const char* display_name = "kuma.io/display-name";
constexpr const char* zone_label = "kuma.io/zone";

/// One that is neither of these two; "" for none.
std::string other_label(const json& labels) {
  for (const auto& [key, value] : labels.items())
    if (key != display_name && key != zone_label) return key;
  return {};
}

bool has_port(const json& ports, std::uint16_t wanted) {
  return std::ranges::any_of(ports, [&](const json& port) { return port.value("port", 0) == wanted; });
}

}  // namespace

/// All that is said of one: from the first thing that is wrong the others follow.
void Reader::check_backend_ref(const Destinations& destinations, const Service& service, const Outbound& call,
                               const std::string& path) {
  const json& ref = call.backend_ref;
  const json labels = ref.value("labels", json::object());
  const std::string labels_at = child_path(path, "labels"), zone = cp::text_at(labels, zone_label);
  if (ref.contains("name") == ref.contains("labels"))
    return complain(path, "names its destination by `name` or by `labels`", "give one of the two");
  if (ref.contains("labels") && cp::text_at(labels, display_name).empty())
    return complain(labels_at, fmt::format("lack {}, by which the destination is found", display_name));
  if (std::string other = other_label(labels); !other.empty())
    return complain(child_path(labels_at, other), "is no label by which a call finds its destination",
                    fmt::format("{} and {} are", display_name, zone_label));
  if (std::string mode = destinations.mode(service.mesh); mode.empty() || mode == "Disabled")
    return complain(path, fmt::format("mesh `{}` has no MeshServices", service.mesh),
                    fmt::format("{{type: Mesh, name: {}, meshServices: {{mode: Exclusive}}}}", service.mesh));
  const Service& called = *scenario_.find_service(call.to);
  const std::string name = ref.contains("name") ? ref["name"].get<std::string>() : cp::text_at(labels, display_name);
  const std::uint16_t port = ref.value("port", called.port);
  if (ref["kind"] == "MeshService") {
    if (name != call.to)
      return complain(path, fmt::format("the MeshService of `{}` has that name, not `{}`", call.to, name));
    if (port != called.port)
      return complain(child_path(path, "port"), fmt::format("`{}` has the port {}", call.to, called.port));
    if (scenario_.zones.empty() && !zone.empty())
      return complain(child_path(labels_at, zone_label), "there are no `zones`");
    if (!scenario_.zones.empty() && ref.contains("labels") && zone.empty())
      complain(labels_at, fmt::format("lack {}: each zone may have a MeshService of that name", zone_label));
    if (!zone.empty()) known_zone(zone, child_path(labels_at, zone_label));
    return;
  }
  if (!zone.empty()) return complain(child_path(labels_at, zone_label), "a MeshMultiZoneService is of no zone");
  if (!scenario_.zones.empty() && ref.contains("name"))
    return complain(child_path(path, "name"), "it comes from Global, and has another name in zones",
                    fmt::format("labels: {{{}: {}}}", display_name, name));
  const json* all = destinations.multi_zone_service(service.mesh, name);
  if (all == nullptr)
    return complain(path,
                    fmt::format("mesh `{}` has no MeshMultiZoneService `{}` among the resources", service.mesh, name));
  const json selector = cp::at(*all, "selector", "meshService", "matchLabels");
  if (cp::text_at(selector, display_name) != call.to || !other_label(selector).empty())
    return complain(path, fmt::format("`{}` does not select the MeshServices of `{}`", name, call.to),
                    fmt::format("matchLabels: {{{}: {}}}, and {} if need be", display_name, call.to, zone_label));
  if (port != called.port)  // of the same port are the MeshServices behind it
    return complain(child_path(path, "port"), fmt::format("`{}` has the port {}", call.to, called.port));
  if (!has_port(cp::at(*all, "ports"), port)) complain(path, fmt::format("`{}` has no port {}", name, port));
}

void Reader::check_destinations(const std::string& path) {
  const std::size_t before = out_.size();
  const Destinations destinations(scenario_);
  for (std::size_t i = 0; i < scenario_.services.size(); ++i) {
    const Service& service = scenario_.services[i];
    for (std::size_t k = 0; k < service.calls.size(); ++k) {
      const Outbound& call = service.calls[k];
      std::string at = child_path(child_path(child_path(child_path(path, "services"), i), "calls"), k);
      if (scenario_.find_service(call.to) == nullptr) continue;  // which was complained of
      if (!call.backend_ref.is_null()) check_backend_ref(destinations, service, call, child_path(at, "backendRef"));
      if (out_.size() == before) check_reach(destinations, service, call, at);
    }
  }
}

/// In each zone that the caller has instances in.
void Reader::check_reach(const Destinations& destinations, const Service& service, const Outbound& call,
                         const std::string& path) {
  auto of_called = [&](const Instance& instance) { return instance.service == call.to; };
  if (std::ranges::none_of(scenario_.instances, of_called)) return;
  std::set<std::string> seen;
  for (const Instance& caller : scenario_.instances) {
    if (caller.service != service.name || !seen.insert(caller.zone()).second) continue;
    const Destination destination = destinations.of(service, caller, call);
    bool anybody = std::ranges::any_of(scenario_.instances, [&](const Instance& instance) {
      return of_called(instance) && destination.leads_to(instance);
    });
    if (anybody) continue;
    std::string hint = fmt::format("{{to: {}, backendRef: {{kind: MeshService, labels: {{{}: {}, {}: ZONE}}}}}}",
                                   call.to, display_name, call.to, zone_label);
    return complain(path,
                    fmt::format("leads `{}` of zone `{}` to the MeshService `{}` of a zone that has no instance of it",
                                service.name, caller.zone(), call.to),
                    call.backend_ref.is_null() ? hint : "");
  }
}

}  // namespace kumasim::scenario
