#include "scenarios/inspect/configuration.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>

#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/rest/envoy_admin.hpp"
#include "reference-cp/xds/envoy_types.hpp"
#include "scenarios/engine/sim_world.hpp"
#include "sim/envoy/bootstrap.hpp"
#include "sim/envoy/config/wire.hpp"
#include "sim/envoy/envoy_process.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using State = ConfigEntry::State;

constexpr const char* any_type = "type.googleapis.com/google.protobuf.Any";
/// Envoy's own words for a private key, in base64.
constexpr const char* redacted = "W3JlZGFjdGVkXQ==";

void redact(json& secret) {
  if (!secret.contains("tls_certificate")) return;
  json& key = secret["tls_certificate"]["private_key"];
  if (!key.is_null()) key = {{"inline_bytes", redacted}};
}

/// A message of that type in protobuf's JSON, as Envoy's admin server prints it.
json json_of(const std::string& type_url, const std::string& bytes) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  auto status =
      google::protobuf::util::BinaryToJsonString(&cp::envoy_types::resolver(), type_url, bytes, &text, options);
  json out = status.ok() ? json::parse(text, nullptr, false) : json();
  return out.is_object() ? out : json{{"undecoded", std::string(status.message())}};
}

json body_of(const std::string& any) {
  json out = json_of(any_type, any);
  redact(out);
  return out;
}

json bootstrap_of(const Conversation& conversation) {
  ::envoy::config::bootstrap::v3::Bootstrap message;
  if (!sim::proxy::message_from_text(conversation.bootstrap(), message)) return json::object();
  return json_of("type.googleapis.com/envoy.config.bootstrap.v3.Bootstrap", sim::proxy::to_bytes(message));
}

class Collector {
 public:
  Collector(const RecordedRun& run, const std::string& process)
      : conversation_(run.conversation(process)),
        fixed_(bootstrap_of(conversation_).value("static_resources", json::object())) {}

  std::vector<ConfigEntry> collect(const sim::proxy::ConfigState& state) {
    add_fixed("Cluster", "clusters");
    for (const auto& [name, cluster] : state.clusters()) add("Cluster", name, State::active, cluster.version);
    for (const auto& [name, cluster] : state.warming_clusters()) add("Cluster", name, State::warming, cluster.version);
    for (const auto& [name, cluster] : state.clusters()) {
      if (cluster.assignment)
        add("ClusterLoadAssignment", cluster.assignment->cluster, State::active, cluster.assignment_version);
    }
    add_fixed("Listener", "listeners");
    for (const auto& [name, listener] : state.listeners()) add("Listener", name, State::active, listener.version);
    for (const auto& [name, listener] : state.warming_listeners())
      add("Listener", name, State::warming, listener.version);
    for (const auto& [name, routes] : state.routes())
      add("RouteConfiguration", name, routes.ready ? State::active : State::warming, routes.version);
    add_fixed("Secret", "secrets");
    for (const auto& [name, secret] : state.secrets())
      add("Secret", name, secret.ready ? State::active : State::warming, secret.version);
    return std::move(out_);
  }

 private:
  void add_fixed(const std::string& type, const char* list) {
    if (!fixed_.contains(list)) return;
    for (const json& body : fixed_[list]) {
      json shown = body;
      redact(shown);
      out_.push_back({type, body.value("name", ""), State::fixed, "", nullptr, std::nullopt, std::move(shown)});
    }
  }

  /// What did not come by discovery is fixed and has been added.
  void add(const std::string& type, const std::string& name, State state, const std::string& version) {
    XdsBytes bytes = conversation_.bytes(type, name, version);
    if (!bytes) return;
    const Push* push = conversation_.brought(type, name);
    std::optional<Duration> updated;
    if (push != nullptr) updated = push->received;
    out_.push_back({type, name, state, version, bytes, updated, body_of(*bytes)});
  }

  const Conversation& conversation_;
  json fixed_;
  std::vector<ConfigEntry> out_;
};

/// How envoy.admin.v3 names what it dumps of one type.
struct Section {
  const char* word;  // for people
  const char* type;
  const char* dump;   // message
  const char* fixed;  // lists
  const char* active;
  const char* warming;
  const char* field;  // of the resource within an item
  bool versioned;     // the whole has a version
};

constexpr std::array sections{
    Section{"clusters", "Cluster", "ClustersConfigDump", "static_clusters", "dynamic_active_clusters",
            "dynamic_warming_clusters", "cluster", true},
    Section{"endpoints", "ClusterLoadAssignment", "EndpointsConfigDump", "static_endpoint_configs",
            "dynamic_endpoint_configs", "dynamic_endpoint_configs", "endpoint_config", false},
    Section{"listeners", "Listener", "ListenersConfigDump", "static_listeners", "dynamic_listeners",
            "dynamic_listeners", "listener", true},
    Section{"routes", "RouteConfiguration", "RoutesConfigDump", "static_route_configs", "dynamic_route_configs",
            "dynamic_route_configs", "route_config", false},
    Section{"secrets", "Secret", "SecretsConfigDump", "static_secrets", "dynamic_active_secrets",
            "dynamic_warming_secrets", "secret", false}};

/// A listener's states stand beside each other under its name.
void add_listener(json& list, const ConfigEntry& entry, json item) {
  auto found = std::ranges::find_if(list, [&](const json& one) { return one["name"] == entry.name; });
  json& listener = found == list.end() ? list.emplace_back(json{{"name", entry.name}}) : *found;
  listener[entry.state == State::warming ? "warming_state" : "active_state"] = std::move(item);
}

json section_json(const Section& section, const std::vector<ConfigEntry>& entries, const Conversation& conversation,
                  const std::function<std::string(Duration)>& wall) {
  json out{{"@type", std::string("type.googleapis.com/envoy.admin.v3.") + section.dump}};
  std::string type = section.type;
  for (const ConfigEntry& entry : entries) {
    if (entry.type != type) continue;
    json item{{section.field, entry.body}};
    if (!entry.version.empty()) item["version_info"] = entry.version;
    if (entry.updated) item["last_updated"] = wall(*entry.updated);
    if (type == "Secret") item["name"] = entry.name;
    json& list = out[entry.state == State::fixed     ? section.fixed
                     : entry.state == State::warming ? section.warming
                                                     : section.active];
    if (list.is_null()) list = json::array();
    if (type == "Listener" && entry.state != State::fixed)
      add_listener(list, entry, std::move(item));
    else
      list.push_back(std::move(item));
  }
  const Push* last = conversation.last(type);
  if (last == nullptr) return out;
  if (section.versioned) out["version_info"] = last->version;
  // Envoy names the refused resource; the control plane sent all of them in one response.
  if (!last->refusal.empty())
    out["error_state"] = {{"last_update_attempt", wall(last->received)}, {"details", last->refusal}};
  return out;
}

}  // namespace

std::string_view to_string(State state) {
  return state == State::warming ? "warming" : state == State::fixed ? "static" : "active";
}

std::vector<ConfigEntry> configuration_of(const RecordedRun& run, const std::string& process) {
  const sim::EnvoyProcess* envoy = run.world().envoy(process);
  return envoy == nullptr ? std::vector<ConfigEntry>{} : Collector(run, process).collect(envoy->config());
}

json config_dump(const RecordedRun& run, const std::string& process) {
  json out{{"configs", json::array()}};
  if (run.world().envoy(process) == nullptr) return out;
  const Conversation& conversation = run.conversation(process);
  auto wall = [&](Duration when) { return cp::print_timestamp(run.wall(when)); };
  out["configs"].push_back(
      {{"@type", "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump"}, {"bootstrap", bootstrap_of(conversation)}});
  std::vector<ConfigEntry> entries = configuration_of(run, process);
  for (const Section& section : sections) out["configs"].push_back(section_json(section, entries, conversation, wall));
  auto safe = cp::without_tokens(out.dump());
  return safe ? json::parse(*safe) : out;
}

std::string config_type(std::string_view word) {
  for (const Section& section : sections) {
    std::string_view all = section.word;
    if (word == all || word == all.substr(0, all.size() - 1) || word == section.type) return section.type;
  }
  return {};
}

const std::vector<std::string>& config_words() {
  static const std::vector<std::string> words{"clusters", "endpoints", "listeners", "routes", "secrets"};
  return words;
}

}  // namespace kumasim::scenario
