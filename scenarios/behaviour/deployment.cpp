#include "scenarios/behaviour/deployment.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "reference-cp/identity/base64.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/generate.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "scenarios/behaviour/multi_zone_service.hpp"
#include "scenarios/behaviour/outbound_completion.hpp"
#include "scenarios/behaviour/universe.hpp"
#include "scenarios/engine/known_endpoints.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using sim::proxy::Type;

/// Meshes first, for others live in them. Of old policies that count alike the youngest wins, and then the first name:
/// names are applied from behind, so that the order of the files says nothing.
bool before(const ResourceText& a, const ResourceText& b) {
  auto rank = [](const ResourceText& each) {
    std::string type = cp::text_at(each.body, "type");
    return std::pair(type == "Mesh" ? "" : type, cp::text_at(each.body, "mesh"));
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  return cp::text_at(a.body, "name") > cp::text_at(b.body, "name");
}

/// A target or a selector says which Dataplanes are meant by their names.
bool selects_by_name(const json& value) {
  if (!value.is_structured()) return false;
  if (value.is_object()) {
    if (cp::text_at(value, "kind") == "Dataplane" && !cp::text_at(value, "name").empty()) return true;
    if (value.contains("kuma.io/display-name") || !cp::text_at(value, "dataplaneRef", "name").empty()) return true;
  }
  return std::ranges::any_of(value, selects_by_name);
}

/// Equal for Dataplanes whose proxies do the same.
std::string signature(const cp::Resource& dataplane, bool by_name) {
  json spec = dataplane.spec;
  json& networking = spec["networking"];
  for (const char* place : {"address", "advertisedAddress"}) networking.erase(place);
  if (networking.contains("inbound"))
    for (json& inbound : networking["inbound"])
      for (const char* place : {"address", "serviceAddress"}) inbound.erase(place);
  json labels = dataplane.meta.labels;
  labels.erase("kuma.io/display-name");
  return spec.dump() + labels.dump() + (by_name ? dataplane.meta.name : std::string());
}

}  // namespace

class DeploymentBuilder {
 public:
  DeploymentBuilder(const PolicySet& set, const DeploymentOptions& options, Workshop& workshop)
      : set_(set),
        options_(options),
        out_(workshop),
        universe_([&workshop](const std::string& mesh, const cp::Resource& proxy) {
          return workshop.certificates.identify(mesh, proxy);
        }) {
    out_.name_ = set.name;
    out_.notes_ = set.notes;
    out_.zones_ = set.zones;
  }

  std::expected<Deployment, Diagnostics> build() {
    collect();
    apply();
    if (!wrong_.empty()) return std::unexpected(std::move(wrong_));
    make_secrets();
    for (const auto& [mesh, dataplane] : dataplanes_) universe_.connect(mesh, dataplane);
    universe_.settle();
    for (const std::string& mesh : universe_.meshes()) {
      out_.views_[mesh] = universe_.view(mesh);
      add_proxies(mesh);
    }
    note_idle_gateways();
    return std::move(out_);
  }

 private:
  void collect() {
    all_ = set_.resources;
    bool has_default = std::ranges::any_of(all_, [](const ResourceText& each) {
      return cp::text_at(each.body, "type") == "Mesh" && cp::text_at(each.body, "name") == "default";
    });
    // A control plane makes this one itself.
    if (!has_default) all_.push_back({{{"type", "Mesh"}, {"name", "default"}}, set_.name});
    std::ranges::stable_sort(all_, before);
    std::vector<json> bodies;
    for (const ResourceText& each : all_) bodies.push_back(each.body);
    std::set<std::string> meshes;
    for (const json& body : bodies)
      if (cp::text_at(body, "type") == "Mesh") meshes.insert(cp::text_at(body, "name"));
    for (const std::string& mesh : meshes) callable_.emplace(mesh, Callable(mesh, bodies));
  }

  void apply() {
    for (const ResourceText& each : all_) {
      auto resource = cp::resource_from_json(each.body);
      if (!resource) {
        wrong_.push_back({each.origin, {}, resource.error().field, resource.error().message, {}});
        continue;
      }
      const cp::Kind& kind = *resource->kind;
      std::string mesh = kind.is_global() ? std::string() : resource->meta.mesh;
      if (!kind.is_global() && !callable_.contains(mesh)) {
        std::vector<std::string> names;
        for (const auto& [name, callable] : callable_) names.push_back(name);
        std::string near = nearest(mesh, names);
        wrong_.push_back(
            {each.origin,
             {},
             "mesh",
             fmt::format("{} `{}` is in mesh `{}`, which there is not", kind.type(), resource->meta.name, mesh),
             near.empty() ? "" : fmt::format("did you mean `{}`?", near)});
        continue;
      }
      if (kind.is_read_only()) continue;
      json body = as_zones_have_it(each.body);
      if (kind.type() == "Dataplane") {
        add_zone(each.body);
        callable_.at(mesh).complete(body, options_, set_.callers);
        dataplanes_.emplace_back(mesh, resource->meta.name);
      } else {
        out_.resources_[{kind.type(), mesh, resource->meta.name}] = {{"spec", resource->spec},
                                                                     {"labels", resource->meta.labels}};
      }
      if (kind.type() == "MeshIdentity") identities_ = true;
      if (!universe_.apply(body)) wrong_.push_back({each.origin, {}, "", "the control plane does not take it", {}});
    }
    if (identities_)
      out_.notes_.push_back(set_.name +
                            ": MeshIdentity is passed over: proxies are taken to have certificates of their mesh");
  }

  /// Private keys are seldom kept beside policies, and a gateway without its certificate gets no configuration at all.
  void make_secrets() {
    for (const auto& [key, gateway] : out_.resources_) {
      const auto& [type, mesh, name] = key;
      if (type != "MeshGateway") continue;
      std::set<std::string> missing;
      for (const json& listener : cp::at(gateway["spec"], "conf", "listeners"))
        for (const json& source : cp::at(listener, "tls", "certificates"))
          if (std::string secret = cp::text_at(source, "secret"); !secret.empty() &&
                                                                  !out_.resources_.contains({"Secret", mesh, secret}) &&
                                                                  !options_.secrets.contains({mesh, secret}))
            missing.insert(secret);
      for (const std::string& secret : missing) {
        out_.notes_.push_back(
            fmt::format("{}: there is no Secret `{}`: a certificate of kumasim stands for that of MeshGateway {}",
                        set_.name, secret, name));
        std::string text = cp::base64_encode(out_.workshop().certificates.server(mesh, secret));
        universe_.apply({{"type", "Secret"}, {"mesh", mesh}, {"name", secret}, {"data", text}});
      }
    }
  }

  /// As the Dataplane says it: here all are put into one.
  void add_zone(const nlohmann::json& dataplane) {
    auto take = [this](const nlohmann::json& tags) {
      if (tags.is_object() && tags.contains("kuma.io/zone") && tags["kuma.io/zone"].is_string())
        out_.zones_.insert(tags["kuma.io/zone"].get<std::string>());
    };
    take(dataplane.value("labels", nlohmann::json()));
    const nlohmann::json networking = dataplane.value("networking", nlohmann::json::object());
    take(networking.value("gateway", nlohmann::json::object()).value("tags", nlohmann::json()));
    for (const nlohmann::json& inbound : networking.value("inbound", nlohmann::json::array()))
      take(inbound.value("tags", nlohmann::json()));
  }

  void add_proxies(const std::string& mesh) {
    const cp::MeshView& view = out_.view(mesh);
    bool by_name = std::ranges::any_of(out_.resources_, [&](const auto& each) {
      return each.first[1] == mesh && selects_by_name(each.second["spec"]);
    });
    std::map<std::pair<std::string, std::string>, std::vector<cp::ResourcePtr>> kinds;  // by service and signature
    for (const auto& [name, dataplane] : view.all("Dataplane"))
      kinds[{cp::proxy_view(view, dataplane, {}, {}).service, signature(*dataplane, by_name)}].push_back(dataplane);
    for (const auto& [key, dataplanes] : kinds) {
      std::size_t number = out_.proxies_.size();
      out_.proxies_.push_back(make(view, key.first, dataplanes));
      if (const StillProxy& made = out_.proxies_.back(); made.view.gateway_type == "BUILTIN" && !made.refusal.empty())
        out_.notes_.push_back(fmt::format("{}: gateway {} is deaf: {}", set_.name, made.service, made.refusal));
      note_hidden_calls(out_.proxies_.back());
      for (const cp::ResourcePtr& each : dataplanes) {
        out_.by_name_[{mesh, each->meta.name}] = number;
        std::size_t index = 0;
        for (const cp::Inbound& inbound : cp::inbounds_of(*each)) {
          out_.by_address_[{mesh, cp::advertised_address(*each, inbound), inbound.port}] = {number, index};
          ++index;
        }
      }
    }
  }

  void note_hidden_calls(const StillProxy& proxy) {
    for (const HiddenCall& call : proxy.hidden) {
      std::string note =
          fmt::format("{}: the call of {} to {} is NOT looked at: {}", set_.name, proxy.service, call.to, call.why);
      if (std::ranges::find(out_.notes_, note) == out_.notes_.end()) out_.notes_.push_back(std::move(note));
    }
  }

  /// On Kubernetes the Dataplanes of gateways stand in no file: a MeshGatewayInstance makes them.
  void note_idle_gateways() {
    std::set<std::pair<std::string, std::string>> served;
    for (const StillProxy& proxy : out_.proxies_)
      if (auto gateway = cp::policy::gateway_of(proxy.view, out_.view(proxy.mesh)))
        served.insert({proxy.mesh, gateway->resource->meta.name});
    for (const auto& [key, gateway] : out_.resources_)
      if (key[0] == "MeshGateway" && !served.contains({key[1], key[2]}))
        out_.notes_.push_back(
            fmt::format("{}: MeshGateway {} has no Dataplane: its listeners are not looked at", set_.name, key[2]));
  }

  StillProxy make(const cp::MeshView& view, const std::string& service,
                  const std::vector<cp::ResourcePtr>& dataplanes) {
    const cp::ResourcePtr& first = dataplanes.front();
    StillProxy proxy{.mesh = view.name(), .service = service};
    for (const cp::ResourcePtr& each : dataplanes) proxy.names.push_back(each->meta.name);
    Workshop& workshop = out_.workshop();
    proxy.config = std::make_unique<sim::proxy::ConfigState>(workshop.cache, workshop.nobody);
    cp::NodeMetadata metadata;
    metadata.features = {"feature-tcp-accesslog-via-named-pipe", "feature-readiness-unix-socket"};
    proxy.view = cp::proxy_view(view, first, std::move(metadata), universe_.identity(view, *first));
    proxy.hidden = take_hidden_calls(view, proxy.view);
    auto snapshot = cp::try_generate(view, proxy.view);
    if (!snapshot) {
      proxy.refusal = "the control plane makes no configuration: " + snapshot.error().message;
      return proxy;
    }
    for (Type type : {Type::cluster, Type::listener, Type::routes})
      for (const auto& [name, resource] : snapshot->of(sim::proxy::type_url(type)))
        proxy.versions[fmt::format("{} {}", sim::proxy::type_url(type), name)] = resource->version;
    // In the order in which what they name is asked for.
    for (Type type : {Type::cluster, Type::endpoints, Type::listener, Type::routes, Type::secret}) {
      ::envoy::service::discovery::v3::DiscoveryResponse response;
      response.set_type_url(std::string(sim::proxy::type_url(type)));
      response.set_version_info("1");
      for (const auto& [name, resource] : snapshot->of(sim::proxy::type_url(type)))
        response.add_resources()->ParseFromString(*resource->any);
      if (auto taken = proxy.config->apply(response); !taken) proxy.refusal = "Envoy refuses it: " + taken.error();
    }
    return proxy;
  }

  const PolicySet& set_;
  const DeploymentOptions& options_;
  Deployment out_;
  Universe universe_;
  std::vector<ResourceText> all_;
  std::map<std::string, Callable> callable_;
  std::vector<std::pair<std::string, std::string>> dataplanes_;
  bool identities_ = false;
  Diagnostics wrong_;
};

bool Deployment::decides_on_zones(const Key& key) const {
  auto found = resources_.find(key);
  if (found == resources_.end()) return false;
  const nlohmann::json& spec = found->second["spec"];
  if (key[0] == "MeshLoadBalancingStrategy") return speaks_of_zones(spec);
  const nlohmann::json routing = key[0] == "Mesh" ? spec.value("routing", nlohmann::json()) : nlohmann::json();
  return routing.is_object() && routing.value("localityAwareLoadBalancing", nlohmann::json()) == true;
}

bool Deployment::zones_matter() const {
  return zones_.size() > 1 &&
         std::ranges::any_of(resources_, [&](const auto& entry) { return decides_on_zones(entry.first); });
}

std::expected<Deployment, Diagnostics> Deployment::make(const PolicySet& set, const DeploymentOptions& options,
                                                        Workshop& workshop) {
  return DeploymentBuilder(set, options, workshop).build();
}

const StillProxy* Deployment::find(const std::string& mesh, const std::string& dataplane) const {
  auto found = by_name_.find({mesh, dataplane});
  return found == by_name_.end() ? nullptr : &proxies_[found->second];
}

InboundPlace Deployment::at(const std::string& mesh, const std::string& address, std::uint32_t port) const {
  auto found = by_address_.find({mesh, address, port});
  if (found == by_address_.end()) return {};
  return {&proxies_[found->second.first], found->second.second};
}

cp::Tags distinguishing(const std::vector<cp::Tags>& these, const std::vector<cp::Tags>& of) {
  cp::Tags out;
  if (these.empty()) return out;
  auto all_have = [](const std::vector<cp::Tags>& list, const auto& tag) {
    return std::ranges::all_of(list, [&](const cp::Tags& tags) {
      auto found = tags.find(tag.first);
      return found != tags.end() && found->second == tag.second;
    });
  };
  for (const auto& tag : these.front()) {
    if (tag.first.starts_with("kuma.io/") || tag.first.starts_with("k8s.kuma.io/")) continue;
    if (all_have(these, tag) && !all_have(of, tag)) out.insert(tag);
  }
  return out;
}

std::string tags_text(const cp::Tags& tags) {
  std::string out;
  for (const auto& [key, value] : tags) out += (out.empty() ? "" : ", ") + key + "=" + value;
  return out;
}

}  // namespace kumasim::scenario
