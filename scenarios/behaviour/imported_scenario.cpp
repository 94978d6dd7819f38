#include "scenarios/behaviour/imported_scenario.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "scenarios/behaviour/flow.hpp"

namespace kumasim::scenario {
namespace {

using cp::at;
using cp::number_at;
using cp::text_at;
using nlohmann::json;

constexpr const char* rate = "5/s";
/// Instances of a service that are made at most: more of them say nothing new, and each takes a proxy.
constexpr std::size_t instances_max = 10;
constexpr std::size_t name_length_max = 63;
/// Fields that a control plane adds to what it was given, and labels that it computes.
constexpr const char* answered_fields[] = {"creationTime", "modificationTime", "kri", "status"};
constexpr const char* computed_labels[] = {"kuma.io/mesh", "kuma.io/origin", "kuma.io/zone", "kuma.io/env",
                                           "kuma.io/proxy-type"};
const std::set<std::string> left_out_kinds{"Zone", "ZoneIngress", "ZoneEgress", "Config"};

struct ImportedService {
  std::string mesh, protocol = "tcp";
  std::uint32_t port = 0;
  std::map<std::string, std::string> labels;
  std::map<std::map<std::string, std::string>, std::size_t> groups;  ///< tags -> instances
  std::set<std::string> calls;
  bool calls_unknown = false;  ///< a Dataplane of it names none
};

/// What scenarios allow: small letters, digits and dashes.
std::string scenario_name(const std::string& name) {
  std::string out;
  for (char c : name) {
    char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    bool good = (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') || small == '-';
    out += good ? small : '-';
  }
  while (!out.empty() && out.front() == '-') out.erase(0, 1);
  out = out.substr(0, name_length_max);
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out;
}

class Importer {
 public:
  Importer(const std::vector<json>& resources, std::string name, std::string origin)
      : resources_(resources), name_(std::move(name)), origin_(std::move(origin)) {}

  std::expected<ImportedScenario, Diagnostics> run() {
    reserve_names();
    for (const json& each : resources_)
      if (text_at(each, "type") == "Dataplane") dataplane(each);
    if (services_.empty())
      return std::unexpected(Diagnostics{{origin_, {}, "", "no Dataplane has an inbound with a kuma.io/service", {}}});
    for (const json& each : resources_) policy(each);
    counted();
    auto calls = settle_calls();
    out_.document = {{"apiVersion", "kumasim/v1"},
                     {"kind", "Scenario"},
                     {"metadata",
                      {{"name", scenario_name(name_).empty() ? "imported" : scenario_name(name_)},
                       {"description", "imported from " + origin_}}},
                     {"spec",
                      {{"duration", "30s"},
                       {"topology", {{"services", services_json()}}},
                       {"resources", json(policies_)},
                       {"expect", json::array({{{"always", "converged"}}})}}}};
    for (const auto& [from, to] : calls)
      out_.document["spec"]["load"].push_back({{"from", from}, {"to", to}, {"rate", rate}});
    if (auto expected = expectations(calls); !expected) return std::unexpected(expected.error());
    return std::move(out_);
  }

 private:
  void note(std::string text) { out_.notes.push_back(std::move(text)); }

  /// Services whose names may stay keep them.
  void reserve_names() {
    for (const json& each : resources_)
      if (text_at(each, "type") == "Dataplane")
        for (const json& inbound : at(each, "networking", "inbound"))
          if (std::string service = text_at(inbound, "tags", "kuma.io/service");
              !service.empty() && scenario_name(service) == service)
            known_[service] = service, names_.insert(service);
  }

  /// The name in the scenario: another one for each service, numbered where two would have the same.
  std::string known_as(const std::string& service) {
    auto [known, fresh] = known_.try_emplace(service);
    if (!fresh) return known->second;
    std::string wanted = scenario_name(service).empty() ? "service" : scenario_name(service), name = wanted;
    for (std::size_t number = 2; !names_.insert(name).second; ++number) {
      std::string end = fmt::format("-{}", number);
      name = wanted.substr(0, name_length_max - end.size()) + end;
    }
    if (name != service) renamed_[service] = name;
    return known->second = name;
  }

  void dataplane(const json& from) {
    const json& networking = at(from, "networking");
    if (at(networking, "gateway").is_object()) {
      ++skipped_["gateway"];
      return;
    }
    std::set<std::string> calls;
    bool named = false;
    for (const json& outbound : at(networking, "outbound")) {
      std::string service = text_at(outbound, "tags", "kuma.io/service");
      if (service.empty()) service = text_at(outbound, "service");
      if (service.empty()) service = text_at(outbound, "backendRef", "name");
      if (!service.empty()) calls.insert(known_as(service));
      named = true;
    }
    for (const json& service : at(networking, "transparentProxying", "reachableServices")) {
      if (service.is_string() && service != "*") calls.insert(known_as(service.get<std::string>()));
      named = named || service != "*";
    }
    bool first = true;
    for (const json& inbound : at(networking, "inbound")) {
      std::string service = text_at(inbound, "tags", "kuma.io/service");
      if (service.empty()) continue;
      add_instance(from, inbound, known_as(service));
      auto& made = services_[known_as(service)];
      if (first) made.calls.insert(calls.begin(), calls.end());
      if (first && !named) made.calls_unknown = true;
      first = false;
    }
  }

  void add_instance(const json& from, const json& inbound, const std::string& name) {
    std::string mesh = text_at(from, "mesh").empty() ? "default" : text_at(from, "mesh");
    ImportedService& service = services_[name];
    if (!service.mesh.empty() && service.mesh != mesh) {
      ++skipped_[fmt::format("Dataplane of `{}` in mesh `{}`: the scenario has that service in mesh `{}`", name, mesh,
                             service.mesh)];
      return;
    }
    std::map<std::string, std::string> tags;
    if (at(inbound, "tags").is_object())
      for (const auto& [key, value] : at(inbound, "tags").items())
        if (value.is_string() && key != "kuma.io/service" && key != "kuma.io/protocol" && key != "kuma.io/zone" &&
            !key.starts_with("k8s.kuma.io/"))
          tags[key] = value.get<std::string>();
    bool fresh = service.mesh.empty();
    service.mesh = mesh;
    std::map<std::string, std::string> labels;
    if (at(from, "labels").is_object())
      for (const auto& [key, value] : at(from, "labels").items())
        if (value.is_string() && !key.starts_with("kuma.io/")) labels[key] = value.get<std::string>();
    // Of all its Dataplanes, so only what these share.
    if (fresh)
      service.labels = labels;
    else
      std::erase_if(service.labels, [&](const auto& label) {
        auto found = labels.find(label.first);
        return found == labels.end() || found->second != label.second;
      });
    if (std::string protocol = text_at(inbound, "tags", "kuma.io/protocol"); !protocol.empty())
      service.protocol = protocol;
    if (service.port == 0) service.port = number_at(inbound, "port");
    ++service.groups[tags];
  }

  void policy(const json& from) {
    std::string type = text_at(from, "type");
    const cp::Kind* kind = cp::find_kind(type);
    if (type == "Dataplane") return;
    if (kind == nullptr || type == "Secret" || type == "GlobalSecret" || left_out_kinds.contains(type)) {
      ++skipped_[type];
      return;
    }
    if (kind->is_read_only() || kind->is_admin_only() || type.ends_with("Insight") ||
        at(from, "labels").contains("kuma.io/managed-by"))
      return;
    json resource = from;
    for (const char* field : answered_fields) resource.erase(field);
    if (resource.contains("labels") && resource["labels"].is_object()) {
      for (const char* label : computed_labels) resource["labels"].erase(label);
      if (resource["labels"].empty()) resource.erase("labels");
    }
    if (type == "Mesh") own_ca(resource);
    leave_keys_out(resource, fmt::format("{} {}", type, text_at(resource, "name")));
    rename(resource);
    policies_.push_back(std::move(resource));
  }

  /// A CA that is kept elsewhere, or whose key is a secret, is not at hand.
  void own_ca(json& mesh) {
    if (!mesh.contains("mtls") || !mesh["mtls"].contains("backends")) return;
    mesh["mtls"].erase("skipValidation");
    for (json& backend : mesh["mtls"]["backends"]) {
      std::string type = text_at(backend, "type");
      if (type == "builtin") continue;
      note(fmt::format("Mesh {}: backend {} of type {} is a builtin one here", text_at(mesh, "name"),
                       text_at(backend, "name"), type));
      backend["type"] = "builtin";
      backend.erase("conf");
    }
  }

  /// Private keys that stand in a resource: of a client's certificate, of a MeshIdentity's CA, of a gateway's listener.
  void leave_keys_out(json& value, const std::string& whose) {
    auto stands = [](const json& source) {
      return source.contains("inline") || source.contains("inlineString") || source.contains("insecureInline");
    };
    if (value.is_object() && stands(at(value, "clientKey"))) {
      value.erase("clientKey");
      value.erase("clientCert");
      note(whose + ": the client's certificate and its key are left out");
    }
    if (value.is_object() && stands(at(value, "ca", "privateKey"))) {
      value.erase("ca");
      value["autogenerate"] = {{"enabled", true}};
      note(whose + ": the CA and its key are left out, the control plane makes one");
    }
    if (value.is_object() && at(value, "certificates").is_array())
      for (json& source : value["certificates"])
        if (stands(source)) {
          source = {{"secret", "left-out"}};
          note(whose + ": a certificate and its key are left out");
        }
    if (value.is_structured())
      for (json& each : value) leave_keys_out(each, whose);
  }

  void rename(json& value) const {
    if (value.is_structured()) {
      for (json& each : value) rename(each);
    } else if (value.is_string()) {
      auto found = renamed_.find(value.get<std::string>());
      if (found != renamed_.end()) value = found->second;
    }
  }

  void counted() {
    for (const auto& [what, count] : skipped_) note(fmt::format("{} left out: {}", count, what));
    for (const auto& [old, now] : renamed_) note(fmt::format("service {} is {} here, in the policies too", old, now));
    for (const auto& [name, service] : services_) {
      std::size_t most = 0;
      for (const auto& [tags, count] : service.groups) most = std::max(most, count);
      if (most > instances_max) note(fmt::format("{}: {} of {} equal instances kept", name, instances_max, most));
    }
    std::ranges::stable_sort(policies_, [](const json& a, const json& b) {
      auto rank = [](const json& each) {
        return text_at(each, "type") == "Mesh" ? std::string() : text_at(each, "type");
      };
      return rank(a) < rank(b);
    });
  }

  /// Those whose service is here.
  std::vector<std::pair<std::string, std::string>> settle_calls() {
    std::vector<std::pair<std::string, std::string>> out;
    std::set<std::string> unknown;
    for (auto& [name, service] : services_) {
      if (service.calls_unknown)
        for (const auto& [other, its] : services_)
          if (its.mesh == service.mesh) service.calls.insert(other);
      service.calls.erase(name);
      std::erase_if(service.calls, [&](const std::string& to) {
        auto found = services_.find(to);
        bool here = found != services_.end() && found->second.mesh == service.mesh;
        if (!here) unknown.insert(to);
        return !here;
      });
      for (const std::string& to : service.calls) out.emplace_back(name, to);
    }
    if (!unknown.empty()) note(fmt::format("calls left out to what no Dataplane is: {}", fmt::join(unknown, ", ")));
    if (std::ranges::any_of(services_, [](const auto& each) { return each.second.calls_unknown; }))
      note("services whose Dataplanes name no outbounds are taken to call every other one");
    return out;
  }

  json services_json() const {
    json out = json::array();
    for (const auto& [name, service] : services_) {
      json made{{"name", name}, {"protocol", service.protocol}, {"port", service.port}};
      if (service.mesh != "default") made["mesh"] = service.mesh;
      if (!service.labels.empty()) made["labels"] = service.labels;
      for (const std::string& to : service.calls) made["calls"].push_back(to);
      const auto& groups = service.groups;
      if (groups.size() == 1 && groups.begin()->first.empty()) {
        made["instances"] = std::min(groups.begin()->second, instances_max);
      } else {
        std::set<std::string> names;
        for (const auto& [tags, count] : groups) {
          json version{{"tags", tags}, {"instances", std::min(count, instances_max)}};
          auto found = tags.find("version");
          std::string wanted = found == tags.end() ? std::string() : scenario_name(found->second);
          if (wanted.empty() || !names.insert(wanted).second) {
            wanted = fmt::format("g{}", names.size());
            names.insert(wanted);
          }
          version["name"] = wanted;
          made["versions"].push_back(std::move(version));
        }
      }
      out.push_back(std::move(made));
    }
    return out;
  }

  /// What the configuration promises: reachable or denied; nothing where faults or limits leave it to chance.
  std::expected<void, Diagnostics> expectations(const std::vector<std::pair<std::string, std::string>>& calls) {
    auto set = read_policy_set(name_, {{name_ + ".yaml", out_.document.dump()}});
    if (!set) return std::unexpected(set.error());
    add_dataplanes(*set, *set->scenario);
    Workshop workshop;
    auto deployment = Deployment::make(*set, {}, workshop);
    if (!deployment) return std::unexpected(deployment.error());
    std::map<std::pair<std::string, std::string>, std::set<std::string>> promised;
    for (const StillProxy& proxy : deployment->proxies())
      for (const cp::Outbound& outbound : proxy.view.outbounds) {
        CallFacts flow = evaluate(*deployment, {&proxy, &outbound}, {});
        std::string access = flow.facts[FactId::access].text;
        for (FactId chance : {FactId::fault_abort, FactId::fault_delay, FactId::rate_limit})
          if (auto found = flow.facts.find(chance); found != flow.facts.end() && found->second.text != "none")
            access = "by chance";
        promised[{proxy.service, destination_name(outbound)}].insert(access);
      }
    json expect = json::array();
    for (const auto& [from, to] : calls) {
      const auto& found = promised[{from, to}];
      if (found == std::set<std::string>{"allowed"})
        expect.push_back({{"always", fmt::format("reachable({} -> {})", from, to)}});
      else if (found == std::set<std::string>{"denied"})
        expect.push_back({{"always", fmt::format("denied({} -> {})", from, to)}});
      else
        note(fmt::format("nothing is expected of {} -> {}: {}", from, to, fmt::join(found, ", ")));
    }
    if (!expect.empty()) out_.document["spec"]["expect"] = std::move(expect);
    return {};
  }

  const std::vector<json>& resources_;
  std::string name_, origin_;
  std::map<std::string, ImportedService> services_;
  std::map<std::string, std::string> known_;  ///< service -> its name in the scenario
  std::set<std::string> names_;               ///< that are taken
  std::map<std::string, std::string> renamed_;
  std::map<std::string, std::size_t> skipped_;
  std::vector<json> policies_;
  ImportedScenario out_;
};

}  // namespace

std::expected<ImportedScenario, Diagnostics> import_scenario(const std::vector<json>& resources,
                                                             const std::string& name, const std::string& origin) {
  return Importer(resources, name, origin).run();
}

}  // namespace kumasim::scenario
