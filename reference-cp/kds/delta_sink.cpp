#include "reference-cp/kds/delta_sink.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include <envoy/service/discovery/v3/discovery.pb.h>
#include <fmt/format.h>

#include "reference-cp/kds/refusal_text.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/violation.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::kds {
namespace {

using Request = envoy::service::discovery::v3::DeltaDiscoveryRequest;
using Response = envoy::service::discovery::v3::DeltaDiscoveryResponse;

void describe(const SinkNode& node, google::protobuf::Struct& metadata) {
  auto& fields = *metadata.mutable_fields();
  auto& build = *(*fields["version"].mutable_struct_value()->mutable_fields())["kumaCp"].mutable_struct_value();
  auto put = [&](const char* name, const std::string& value) {
    if (!value.empty()) (*build.mutable_fields())[name].set_string_value(value);
  };
  put("version", node.version);
  put("gitTag", node.git_tag);
  put("gitCommit", node.git_commit);
  put("buildDate", node.build_date);
  fields["config"].set_string_value(node.config);
  fields["control-plane-id"].set_string_value(node.instance);
  auto& features = *fields["features"].mutable_list_value();
  for (const std::string& feature : node.features) features.add_values()->set_string_value(feature);
}

/// What a peer sent as a resource of this kind, fit for the store; else why not.
Result<Resource> read(const Kind& kind, const google::protobuf::Any& any) {
  auto resource = from_message(kind, any);
  if (!resource) return resource;
  if (kind.is_global()) resource->meta.mesh.clear();
  const Meta& meta = resource->meta;
  // A mesh with a dot could not be told from the name in the delta name of a removal.
  if (meta.name.empty() || kind.is_global() != meta.mesh.empty() || meta.mesh.contains('.'))
    return fail(Code::invalid_argument,
                fmt::format("{} \"{}\": a name is required, and a mesh without a dot where the kind has one",
                            kind.type(), meta.name));
  Violations violations;
  kind.validate(*resource, violations);
  if (!violations.empty()) return fail(Code::invalid_argument, violations.text());
  return resource;
}

ResourceKey key_of(const Kind& kind, std::string_view delta_name) {
  ResourceKey key = key_from_delta_name(delta_name);
  if (kind.is_global()) key.mesh.clear();
  return key;
}

}  // namespace

DeltaSink::DeltaSink(SinkNode node, std::vector<const Kind*> kinds, std::optional<HeldVersions> held)
    : node_(std::move(node)), keeps_(held.has_value()), held_(std::move(held).value_or(HeldVersions())) {
  for (const Kind* kind : kinds) {
    KindState& state = kinds_.emplace_back();
    state.kind = kind;
    state.resumes = held_.contains(kind->type());
  }
}

std::vector<std::string> DeltaSink::start() const {
  std::vector<std::string> out;
  for (const KindState& state : kinds_) {
    Request request;
    request.mutable_node()->set_id(node_.id);
    describe(node_, *request.mutable_node()->mutable_metadata());
    request.set_type_url(state.kind->type());
    request.add_resource_names_subscribe("*");
    if (state.resumes)
      for (const auto& [name, version] : held_.at(state.kind->type()))
        (*request.mutable_initial_resource_versions())[name] = version;
    out.push_back(deterministic_bytes(request));
  }
  return out;
}

DeltaSink::KindState* DeltaSink::find(std::string_view kind) {
  auto found = std::ranges::find_if(kinds_, [&](const KindState& state) { return state.kind->type() == kind; });
  return found == kinds_.end() ? nullptr : &*found;
}

Result<Received> DeltaSink::on_response(std::string_view bytes) {
  Response response;
  if (!response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(Code::invalid_argument, "the message is not a DeltaDiscoveryResponse");
  KindState* state = find(response.type_url());
  if (!state)
    return fail(Code::invalid_argument, fmt::format("resources of \"{}\" were not asked for", response.type_url()));
  const Kind& kind = *state->kind;
  Received out;
  out.kind = &kind;
  out.is_initial = !state->begun && !state->resumes;
  state->latest = {};
  state->latest.nonce = response.nonce();
  state->latest.is_initial = out.is_initial;
  RefusalText refusal;
  std::map<ResourceKey, Resource> added;  // of one that comes twice, the last
  for (const auto& each : response.resources()) {
    auto resource = read(kind, each.resource());
    if (resource) {
      state->latest.versions[each.name()] = each.version();
      added.insert_or_assign(resource->key(), std::move(*resource));
      continue;
    }
    ResourceKey key = key_of_message(each.resource());
    if (key.name.empty()) key = key_of(kind, each.name());
    if (kind.is_global()) key.mesh.clear();
    state->latest.not_usable.push_back(each.name());
    out.invalid.push_back(std::move(key));
    refusal.add(resource.error().message);
  }
  for (const std::string& name : response.removed_resources()) {
    state->latest.removed.push_back(name);
    out.removed.push_back(key_of(kind, name));
  }
  for (auto& [key, resource] : added) out.added.push_back(std::move(resource));
  out.refusal = refusal.text();
  if (!out.is_initial)
    doubt(*state);
  else if (&kind == &kind::mesh())
    doubt_all_but(state->latest);
  return out;
}

/// Should the stream end before the answer, nobody knows what of the response was stored: each name is told without a
/// version then, and so is sent again, or removed. With a Mesh goes what the store has in it.
void DeltaSink::doubt(const KindState& state) {
  if (!keeps_) return;
  auto& held = held_[state.kind->type()];
  for (const auto& [name, version] : state.latest.versions) held[name].clear();
  for (const std::string& name : state.latest.removed) held[name].clear();
  if (state.kind != &kind::mesh()) return;
  for (const std::string& name : state.latest.removed)
    for (auto& [kind, versions] : held_)
      for (auto& [other, version] : versions)
        if (key_from_delta_name(other).mesh == key_from_delta_name(name).name) version.clear();
}

/// A Mesh that the first response does not name goes from the store.
void DeltaSink::doubt_all_but(const Latest& meshes) {
  std::set<std::string> named = {""};
  for (const auto& [name, version] : meshes.versions) named.insert(key_from_delta_name(name).name);
  for (const std::string& name : meshes.not_usable) named.insert(key_from_delta_name(name).name);
  for (auto& [kind, versions] : held_)
    for (auto& [name, version] : versions)
      if (!named.contains(key_from_delta_name(name).mesh)) version.clear();
}

/// Of what was not stored some other version may be there, which is known or has no version.
void DeltaSink::remember(KindState& state, std::span<const ResourceKey> not_stored) {
  const bool first = !std::exchange(state.begun, true);
  if (!keeps_) return;
  auto& held = held_[state.kind->type()];
  Latest& latest = state.latest;
  if (latest.is_initial && first) held.clear();
  for (const std::string& name : latest.removed) held.erase(name);
  for (auto& [name, version] : latest.versions) held[name] = version;
  for (const std::string& name : latest.not_usable) held.try_emplace(name);
  for (const ResourceKey& key : not_stored) held[delta_name(key)].clear();
}

std::string DeltaSink::acknowledge(const Kind& kind) {
  KindState* state = find(kind.type());
  assert(state != nullptr);
  remember(*state, {});
  Request request;
  request.mutable_node()->set_id(node_.id);
  request.set_type_url(kind.type());
  request.set_response_nonce(state->latest.nonce);
  return deterministic_bytes(request);
}

std::string DeltaSink::refuse(const Kind& kind, std::string_view reason, std::span<const ResourceKey> not_stored) {
  KindState* state = find(kind.type());
  assert(state != nullptr);
  remember(*state, not_stored);
  Request request;
  request.mutable_node()->set_id(node_.id);
  request.set_type_url(kind.type());
  request.set_response_nonce(state->latest.nonce);
  request.add_resource_names_subscribe("*");
  request.mutable_error_detail()->set_message(std::string(reason));
  return deterministic_bytes(request);
}

}  // namespace kumasim::cp::kds
