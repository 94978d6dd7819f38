#include "reference-cp/xds/derive/mesh_services.hpp"

#include <algorithm>
#include <map>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/derive/mesh_service_status.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp::derive {
namespace {

constexpr char managed_by[] = "kuma.io/managed-by";
constexpr char generator_name[] = "meshservice-generator";
constexpr char grace_label[] = "kuma.io/deletion-grace-period-started-at";

/// RFC 1035 label: what can be the name of a service.
bool is_label(const std::string& name) {
  auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty() || name.size() > 63 || !lower(name.front()) || name.back() == '-') return false;
  return std::ranges::all_of(name, [&](char c) { return lower(c) || digit(c) || c == '-'; });
}

/// What each Dataplane, the oldest first, would have as ports of its services.
using Proposals = std::map<std::string, std::vector<nlohmann::json>>;

Proposals proposals(const MeshView& mesh) {
  std::vector<const Resource*> dataplanes;
  for (const auto& [name, dataplane] : mesh.all("Dataplane")) dataplanes.push_back(dataplane.get());
  std::ranges::stable_sort(dataplanes, {}, [](const Resource* r) { return r->meta.creation; });
  Proposals result;
  for (const Resource* dataplane : dataplanes) {
    std::map<std::string, nlohmann::json> ports;
    for (const Inbound& inbound : inbounds_of(*dataplane)) {
      if (!is_label(inbound.service)) continue;
      std::string protocol = parse_protocol(inbound.protocol);
      ports[inbound.service].push_back({{"name", inbound.name.empty() ? std::to_string(inbound.port) : inbound.name},
                                        {"port", inbound.port},
                                        {"targetPort", inbound.port},
                                        {"appProtocol", protocol == "unknown" ? "tcp" : protocol}});
    }
    for (auto& [service, list] : ports) result[service].push_back(std::move(list));
  }
  return result;
}

/// Ports that some Dataplane has are kept, so that one Dataplane of several cannot change them.
const nlohmann::json& choose(const std::vector<nlohmann::json>& proposals, const nlohmann::json& current) {
  auto kept = std::ranges::find(proposals, current);
  return kept == proposals.end() ? proposals.front() : *kept;
}

Resource generated(const MeshView& mesh, const std::string& name, const nlohmann::json& ports) {
  Resource service;
  service.kind = &kind::mesh_service();
  service.meta.mesh = mesh.name();
  service.meta.name = name;
  service.meta.labels = {{"kuma.io/mesh", mesh.name()},          {"kuma.io/display-name", name},
                         {managed_by, generator_name},           {"kuma.io/env", "universal"},
                         {"kuma.io/zone", mesh.settings().zone}, {"kuma.io/origin", "zone"}};
  service.spec = {{"selector", {{"dataplaneTags", {{"kuma.io/service", name}}}}}, {"ports", ports}};
  return service;
}

/// Seconds since 1970 as text: the label is read by this code alone.
std::string stamp(WallTime now) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

WallTime stamped(const std::string& text) {
  std::int64_t seconds = 0;
  for (char c : text) seconds = c >= '0' && c <= '9' ? seconds * 10 + (c - '0') : seconds;
  return WallTime(std::chrono::seconds(seconds));
}

/// False where the service is to go. `again_at` becomes no later than when it is.
bool follow(Resource& service, const Proposals& proposals, WallTime now, Duration grace,
            std::optional<WallTime>& again_at) {
  auto proposed = proposals.find(service.meta.name);
  auto started = service.meta.labels.find(grace_label);
  if (proposed != proposals.end()) {
    service.spec["ports"] = choose(proposed->second, at(service.spec, "ports"));
    if (started != service.meta.labels.end()) service.meta.labels.erase(started);
    return true;
  }
  if (started == service.meta.labels.end()) {
    started = service.meta.labels.emplace(grace_label, stamp(now)).first;
  }
  // The first moment that is later than the period's end.
  const WallTime over = stamped(started->second) + grace + Duration(1);
  if (now >= over) return false;
  again_at = std::min(again_at.value_or(over), over);
  return true;
}

}  // namespace

MeshServiceWrites mesh_services(const MeshView& mesh, const std::function<std::string()>& next_vip, WallTime now,
                                Duration grace) {
  MeshServiceWrites writes;
  bool generate = mesh.mesh_services_mode() != "Disabled";
  Proposals wanted = generate ? proposals(mesh) : Proposals{};
  std::vector<Resource> services;
  for (const auto& [name, held] : mesh.all("MeshService")) {
    Resource service = *held;
    // Those that came from Global follow the Dataplanes of other zones.
    bool managed = service.meta.label(managed_by) == generator_name && mesh_service::is_local(service);
    if (managed && (!generate || !follow(service, wanted, now, grace, writes.again_at))) {
      writes.remove.push_back(service.key());
      continue;
    }
    if (managed) service.meta.labels["kuma.io/zone"] = mesh.settings().zone;  // which may have another name by now
    services.push_back(std::move(service));
  }
  for (const auto& [name, list] : wanted)
    if (!mesh.find("MeshService", name)) services.push_back(generated(mesh, name, list.front()));
  complete(mesh, services, next_vip);
  for (Resource& service : services) {
    const Resource* held = mesh.find("MeshService", service.meta.name);
    if (!held)
      writes.create.push_back(std::move(service));
    else if (held->spec != service.spec || held->status != service.status || held->meta.labels != service.meta.labels)
      writes.update.push_back(std::move(service));
  }
  return writes;
}

}  // namespace kumasim::cp::derive
