#include "scenarios/behaviour/policy_set.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "kumasim/scenario/document.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "scenarios/behaviour/multi_zone_service.hpp"
#include "scenarios/engine/dataplane.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

/// As in the simulated world.
constexpr std::uint16_t service_port = 3000, first_outbound_port = 20000;

std::string text_of(const json& body, const char* key) {
  return body.is_object() && body.contains(key) && body[key].is_string() ? body[key].get<std::string>() : std::string();
}

bool is_scenario(const json& body) {
  return text_of(body, "kind") == "Scenario" && text_of(body, "apiVersion").starts_with("kumasim/");
}

/// An object of Kubernetes that says nothing to Kuma's control plane.
bool is_foreign(const json& body) {
  std::string version = text_of(body, "apiVersion");
  return !version.empty() && !version.starts_with("kuma.io/") && !version.starts_with("kumasim/");
}

/// What Kuma knows on Kubernetes alone: its controllers make Dataplanes and containers of it, which stand in no file.
bool is_of_kubernetes_alone(const json& body) {
  const std::string kind = text_of(body, "kind");
  return text_of(body, "apiVersion").starts_with("kuma.io/") &&
         (kind == "MeshGatewayInstance" || kind == "MeshGatewayConfig" || kind == "ContainerPatch");
}

class SetReader {
 public:
  explicit SetReader(PolicySet& set) : set_(set) {}

  void read(const SourceText& source) {
    auto documents = parse_documents(source.text, source.file);
    if (!documents) {
      wrong.push_back(documents.error());
      return;
    }
    if (documents->size() == 1 && is_scenario(documents->front().value)) return read_scenario(source);
    for (const Document& document : *documents) {
      if (text_of(document.value, "kind") == "List" && document.value.contains("items") &&
          document.value["items"].is_array()) {
        for (std::size_t i = 0; i < document.value["items"].size(); ++i)
          take(document, document.value["items"][i], child_path("items", i));
      } else {
        take(document, document.value, "");
      }
    }
  }

  void finish() {
    if (foreign_ > 0)
      set_.notes.push_back(fmt::format("{}: {} object{} of other systems than Kuma passed over", set_.name, foreign_,
                                       foreign_ == 1 ? "" : "s"));
    for (const auto& [kind, count] : of_kubernetes_alone_)
      set_.notes.push_back(
          fmt::format("{}: {} {} passed over: what Kubernetes makes of it is not known here", set_.name, count, kind));
  }

  Diagnostics wrong;

 private:
  void read_scenario(const SourceText& source) {
    auto scenario = load_scenario(source.text, source.file);
    if (!scenario) {
      std::ranges::move(scenario.error(), std::back_inserter(wrong));
      return;
    }
    if (set_.scenario) {
      wrong.push_back({source.file, {1, 1}, "", "is a second scenario beside " + set_.scenario->file, {}});
      return;
    }
    for (const ResourceText& each : scenario->resources) {
      auto form = cp::universal_form(each.body);
      if (form) set_.resources.push_back({form->body, each.origin});
      if (form && !each.zone.empty())
        set_.notes.push_back(fmt::format("{}: {} {} is of zone {} alone, and is taken to be in every zone", set_.name,
                                         text_of(form->body, "type"), text_of(form->body, "name"), each.zone));
    }
    set_.scenario = std::move(*scenario);
  }

  void take(const Document& document, const json& body, const std::string& path) {
    if (is_foreign(body)) {
      ++foreign_;
      return;
    }
    if (is_of_kubernetes_alone(body)) {
      ++of_kubernetes_alone_[text_of(body, "kind")];
      return;
    }
    if (!body.is_object()) return complain(document, path, "expected a Kuma resource");
    if (is_scenario(body)) return complain(document, path, "a scenario stands in a file of its own");
    auto resource = cp::resource_from_json(body);
    if (!resource) {
      std::string field = resource.error().field;
      std::string at = path.empty() || field.empty() || field.starts_with('[') ? path + field : path + "." + field;
      return complain(document, at, resource.error().message);
    }
    if (!seen_.insert({resource->kind->type(), resource->meta.mesh, resource->meta.name}).second)
      return complain(document, path,
                      fmt::format("{} `{}` stands in it twice", resource->kind->type(), resource->meta.name));
    auto form = cp::universal_form(body);
    set_.resources.push_back({form->body, fmt::format("{}:{}", document.file, document.mark(path).line)});
  }

  void complain(const Document& document, const std::string& path, std::string message) {
    wrong.push_back(document.complain(path, std::move(message)));
  }

  PolicySet& set_;
  std::set<std::tuple<std::string, std::string, std::string>> seen_;
  std::size_t foreign_ = 0;
  std::map<std::string, std::size_t> of_kubernetes_alone_;  // by kind
};

/// Adds those of a scenario beside those that stand in the set.
class InstanceDataplanes {
 public:
  InstanceDataplanes(PolicySet& set, const Scenario& scenario) : set_(set), scenario_(scenario) {
    for (const ResourceText& each : set.resources) {
      if (text_of(each.body, "type") != "Dataplane") continue;
      std::string mesh = text_of(each.body, "mesh");
      explicit_.insert({mesh.empty() ? "default" : mesh, text_of(each.body, "name")});
      take_addresses(each.body);
    }
  }

  void add() {
    for (const Instance& instance : scenario_.instances) {
      const Service& service = *scenario_.find_service(instance.service);
      std::string address = next_address();
      if (explicit_.contains({service.mesh, instance.process})) {
        set_.notes.push_back(fmt::format("{}: Dataplane {} stands in the place of the instance of {} in {}", set_.name,
                                         instance.process, service.name, scenario_.file));
        continue;
      }
      DataplanePorts ports{.inbound = service.port, .service = service_port, .first_outbound = first_outbound_port};
      json dataplane = dataplane_of(scenario_, instance, address, ports);
      stay_in_zone(dataplane, instance.zone());
      set_.callers.insert({service.mesh, instance.process});
      set_.resources.push_back({std::move(dataplane), scenario_.file + " " + instance.process});
    }
  }

 private:
  /// All stands in one zone here: what is of the caller's own has no other.
  static void stay_in_zone(json& dataplane, const std::string& zone) {
    if (zone.empty() || !dataplane["networking"].contains("outbound")) return;
    for (json& outbound : dataplane["networking"]["outbound"])
      if (cp::text_at(outbound, "backendRef", "labels", "kuma.io/zone") == zone)
        outbound["backendRef"]["labels"].erase("kuma.io/zone");
  }

  void take_addresses(const json& dataplane) {
    const json& networking = cp::at(dataplane, "networking");
    for (const char* place : {"address", "advertisedAddress"}) taken_.insert(cp::text_at(networking, place));
    for (const json& inbound : cp::at(networking, "inbound")) taken_.insert(cp::text_at(inbound, "address"));
  }

  std::string next_address() {
    std::string out;
    do {
      ++number_;
      out = fmt::format("10.{}.{}.{}", 1 + number_ / 62'500, number_ / 250 % 250, number_ % 250 + 1);
    } while (taken_.contains(out));
    return out;
  }

  PolicySet& set_;
  const Scenario& scenario_;
  std::set<std::pair<std::string, std::string>> explicit_;  ///< Dataplanes of the set: mesh and name
  std::set<std::string> taken_;
  std::size_t number_ = 0;
};

}  // namespace

bool PolicySet::has_dataplanes() const {
  return std::ranges::any_of(resources,
                             [](const ResourceText& each) { return text_of(each.body, "type") == "Dataplane"; });
}

std::expected<PolicySet, Diagnostics> read_policy_set(std::string name, const std::vector<SourceText>& texts) {
  PolicySet out{.name = std::move(name), .resources = {}, .scenario = {}, .notes = {}};
  SetReader reader(out);
  for (const SourceText& source : texts) reader.read(source);
  reader.finish();
  if (!reader.wrong.empty()) return std::unexpected(std::move(reader.wrong));
  return out;
}

void add_dataplanes(PolicySet& set, const Scenario& scenario) {
  InstanceDataplanes(set, scenario).add();
  for (const Zone& zone : scenario.zones) set.zones.insert(zone.name);
  for (const Service& service : scenario.services)
    for (const Outbound& call : service.calls)
      if (std::string name = name_of_call(call); name != call.to)
        set.notes.push_back(fmt::format("{}: calls of {} to {} have the name of their MeshMultiZoneService here: {}",
                                        scenario.file, service.name, call.to, name));
}

}  // namespace kumasim::scenario
