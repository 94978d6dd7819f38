#include "reference-cp/xds/ads/session.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp {
namespace {

/// Names one resource of every type, or all of a type whose subscription begins without names (LDS and CDS only, by
/// the protocol; a delta client may ask for all of any type).
constexpr std::string_view all_names = "*";

bool may_be_wildcard(std::string_view url) { return url == type_url::cluster || url == type_url::listener; }

/// Traffic is switched over by these.
bool switches_traffic(std::string_view url) { return url == type_url::listener || url == type_url::route; }

}  // namespace

AdsSession::AdsSession(AdsVariant variant, std::string control_plane, AdsLimits limits)
    : variant_(variant), control_plane_(std::move(control_plane)), limits_(limits) {}

std::optional<Error> AdsSession::too_much(const std::string& url, std::size_t count,
                                          const std::vector<std::string>& names) const {
  auto error = [](std::string_view what, std::size_t limit) {
    return Error{Code::resource_exhausted, fmt::format("the stream asks for more than {} {}", limit, what), {}};
  };
  if (!types_.contains(url) && types_.size() >= limits_.types_max) return error("types", limits_.types_max);
  for (const auto& [other, type] : types_)
    if (other != url) count += type.names.size();
  if (count > limits_.names_max) return error("resource names", limits_.names_max);
  for (const auto& name : names)
    if (name.size() > limits_.name_bytes_max) return error("bytes of a resource name", limits_.name_bytes_max);
  return std::nullopt;
}

std::size_t AdsSession::names_after(const DeltaDiscoveryRequest& request) const {
  static const Type none{};
  auto found = types_.find(request.type_url);
  const Type& type = found == types_.end() ? none : found->second;
  std::set<std::string_view> fresh, again, gone;
  for (const auto& name : request.subscribe) (type.names.contains(name) ? again : fresh).insert(name);
  for (const auto& name : request.unsubscribe)
    if (type.names.contains(name) && !again.contains(name)) gone.insert(name);
  return type.names.size() + fresh.size() - gone.size();
}

AdsActions AdsSession::on_request(const DiscoveryRequest& request) {
  assert(variant_ == AdsVariant::state_of_the_world);
  AdsActions actions;
  Names names(request.names.begin(), request.names.end());
  actions.refused = too_much(request.type_url, names.size(), request.names);
  if (actions.refused) return actions;
  auto [found, first] = types_.try_emplace(request.type_url);
  Type& type = found->second;
  bool fresh = first || request.response_nonce.empty();
  // A nonce other than the last one answers a response that has been overtaken; its names come again with the next.
  if (!fresh && request.response_nonce != type.nonce) return actions;
  if (fresh) {
    type.outstanding = false;
    type.due = true;
  } else if (type.outstanding) {
    answered(request.type_url, type, request.error, actions);
  }
  type.had_names = type.had_names || !names.empty();
  bool star = names.erase(std::string(all_names)) > 0;
  type.wildcard = star || (may_be_wildcard(request.type_url) && !type.had_names);
  type.names = std::move(names);
  if (type.sent.erase_if([&](const std::string& name) { return !wants(type, name); }) > 0)
    type.version = version_of({type.sent.begin(), type.sent.end()});
  // What a wildcard client brings from an earlier stream is a hash of all that it holds; of a part, it may still wait
  // for an answer that warms something.
  if (fresh && type.wildcard && !request.version_info.empty()) {
    type.version = request.version_info;
    type.due = false;
  }
  flush(actions);
  return actions;
}

AdsActions AdsSession::on_delta_request(const DeltaDiscoveryRequest& request) {
  assert(variant_ == AdsVariant::delta);
  AdsActions actions;
  actions.refused = too_much(request.type_url, names_after(request), request.subscribe);
  if (!actions.refused && request.initial_versions.size() > limits_.names_max)
    actions.refused = Error{Code::resource_exhausted, "the stream brings more versions than names are allowed", {}};
  if (actions.refused) return actions;
  auto [found, first] = types_.try_emplace(request.type_url);
  Type& type = found->second;
  if (first) {
    type.wildcard = request.subscribe.empty();
    type.due = type.wildcard && request.initial_versions.empty();
    for (const auto& [name, version] : request.initial_versions) type.sent.put_word(name, version);
  } else if (type.outstanding && request.response_nonce == type.nonce) {
    answered(request.type_url, type, request.error, actions);
  }
  for (const auto& name : request.unsubscribe) {
    if (name == all_names) type.wildcard = false;
    type.names.erase(name);
    type.again.erase(name);
  }
  for (const auto& name : request.subscribe)
    if (first) type.names.insert(name);
  type.sent.erase_if([&](const std::string& name) { return !wants(type, name); });
  forget_refusals(type, [&](std::string_view name) { return !wants(type, name); });
  for (const auto& name : request.subscribe) {
    if (name == all_names) {
      type.wildcard = true;
      type.due = type.due || type.sent.empty();
      continue;
    }
    type.names.insert(name);
    // Asked for by name, it is answered, whatever was sent before. A client that brought its version has it, but a
    // cluster may wait for endpoints that are the same.
    bool has_it = first && request.initial_versions.contains(name) && request.type_url != type_url::endpoint;
    if (!has_it) type.again.insert(name);
  }
  flush(actions);
  return actions;
}

AdsActions AdsSession::on_snapshot(std::shared_ptr<const Snapshot> snapshot) {
  AdsActions actions;
  snapshot_ = std::move(snapshot);
  patient_ = true;
  // Of what was asked for by name, an end is not told.
  for (auto& [url, type] : types_)
    if (!type.wildcard) forget_refusals(type, [&](std::string_view name) { return !snapshot_->find(url, name); });
  flush(actions);
  return actions;
}

AdsActions AdsSession::on_patience_end() {
  AdsActions actions;
  patient_ = false;
  flush(actions);
  return actions;
}

void AdsSession::answered(const std::string& url, Type& type, const std::optional<AdsRejection>& error,
                          AdsActions& actions) {
  type.outstanding = false;
  type.rejection.reset();
  if (error && type.carried.empty()) type.rejection = error;
  if (error) type.removed_again.insert(type.removed.begin(), type.removed.end());
  actions.answer = AdsAnswer{url, type.version, error};
  // The answer is about what the response had in it; of the rest an older one still holds.
  if (!error) {
    for (const std::string& name : type.carried) type.refused.erase(name);
  } else if (!type.carried.empty()) {
    auto refusal = std::make_shared<const Refusal>(Refusal{++refusals_, *error});
    for (const std::string& name : type.carried) type.refused[name] = refusal;
    // What has left meanwhile is wanted no longer. A removal in the response was no end, but an answer.
    if (!type.wildcard && snapshot_)
      forget_refusals(type, [&](std::string_view name) {
        return !snapshot_->find(url, name) && std::ranges::find(type.removed, name) == type.removed.end();
      });
  }
}

const AdsRejection* AdsSession::refusal_of(const Type& type) {
  if (type.rejection) return &*type.rejection;
  const Refusal* last = nullptr;
  for (const auto& [name, refusal] : type.refused)
    if (!last || refusal->number > last->number) last = refusal.get();
  return last ? &last->reason : nullptr;
}

/// Which of a response it was that the client refused, it does not say: where that has gone, the others are tried
/// again. Should it come back, it is sent as if it never had been.
void AdsSession::forget_refusals(Type& type, const std::function<bool(std::string_view name)>& gone) {
  std::set<std::uint64_t> numbers;
  for (auto it = type.refused.begin(); it != type.refused.end();) {
    if (!gone(it->first)) {
      ++it;
      continue;
    }
    numbers.insert(it->second->number);
    type.sent.erase(it->first);
    it = type.refused.erase(it);
  }
  if (numbers.empty()) return;
  for (const auto& [name, refusal] : type.refused)
    if (numbers.contains(refusal->number)) type.again.insert(name);
}

/// What was refused in one response with something that is another now goes again with it.
void AdsSession::ask_company(Type& type, const std::vector<XdsResourcePtr>& resources, bool hold) {
  if (type.refused.empty()) return;
  std::map<std::string_view, std::string_view> versions;
  for (const auto& resource : resources) versions.emplace(resource->name, resource->version);
  auto is_another = [&](const std::string& name) {
    const XdsResource* held = type.sent.find(name);
    auto wanted = versions.find(name);
    if (wanted == versions.end()) return held && type.wildcard && !hold;
    return !held || held->version != wanted->second;
  };
  std::set<std::uint64_t> numbers;
  for (const auto& [name, refusal] : type.refused)
    if (is_another(name)) numbers.insert(refusal->number);
  for (const auto& [name, refusal] : type.refused)
    if (numbers.contains(refusal->number)) type.again.insert(name);
}

bool AdsSession::wants(const Type& type, std::string_view name) const {
  return type.wildcard || type.names.contains(name);
}

std::vector<XdsResourcePtr> AdsSession::wanted(std::string_view url, const Type& type) const {
  std::vector<XdsResourcePtr> out;
  if (!snapshot_) return out;
  const Snapshot::Resources& all = snapshot_->of(url);
  if (type.wildcard) {
    out.reserve(all.size());
    for (const auto& [name, resource] : all) out.push_back(resource);
  } else {
    out.reserve(type.names.size());
    for (const auto& name : type.names)
      if (auto found = all.find(name); found != all.end()) out.push_back(found->second);
  }
  return out;
}

bool AdsSession::differs(std::string_view url, const Type& type) const {
  auto resources = wanted(url, type);
  if (variant_ == AdsVariant::state_of_the_world && resources.empty() && !type.wildcard)
    return false;  // nothing to say
  if (variant_ == AdsVariant::state_of_the_world) return version_of(resources) != type.version;
  if (type.wildcard && resources.size() != type.sent.size()) return true;
  return !std::ranges::all_of(resources, [&](const XdsResourcePtr& resource) { return type.sent.has(*resource); });
}

/// The client runs what the snapshot has of this type (or does not ask for the type).
bool AdsSession::taken(std::string_view url) const {
  auto found = types_.find(url);
  if (found == types_.end()) return true;
  const Type& type = found->second;
  return !type.outstanding && !refusal_of(type) && !differs(url, type);
}

bool AdsSession::settled() const {
  return std::ranges::all_of(
      types_, [&](const auto& entry) { return !entry.second.outstanding && !differs(entry.first, entry.second); });
}

bool AdsSession::accepted() const {
  if (!snapshot_ || !types_.contains(type_url::cluster) || !types_.contains(type_url::listener)) return false;
  return std::ranges::all_of(types_, [&](const auto& entry) { return taken(entry.first); });
}

std::map<std::string, AdsRejection> AdsSession::rejections() const {
  std::map<std::string, AdsRejection> out;
  for (const auto& [url, type] : types_)
    if (const AdsRejection* rejection = refusal_of(type)) out.emplace(url, *rejection);
  return out;
}

std::optional<AdsRejection> AdsSession::rejection(std::string_view type_url) const {
  auto found = types_.find(type_url);
  const AdsRejection* rejection = found == types_.end() ? nullptr : refusal_of(found->second);
  return rejection ? std::optional(*rejection) : std::nullopt;
}

void AdsSession::flush(AdsActions& actions) {
  if (!snapshot_) return;
  for (std::string_view url : type_url::in_order)
    if (auto found = types_.find(url); found != types_.end()) flush_type(found->first, found->second, actions);
  for (auto& [url, type] : types_)
    if (std::ranges::find(type_url::in_order, url) == type_url::in_order.end()) flush_type(url, type, actions);
}

void AdsSession::flush_type(const std::string& url, Type& type, AdsActions& actions) {
  // Nothing of what was asked for by name is there any more: nothing will be sent that the client could take instead.
  if (type.rejection && !type.wildcard && wanted(url, type).empty()) {
    type.rejection.reset();
    type.sent.assign({});
    type.version.clear();
  }
  if (type.outstanding) {
    // A cluster whose endpoints have gone meanwhile never warms, and Envoy, which still reads, never acknowledges.
    bool differs_now = url == type_url::cluster && differs(url, type);
    if (!differs_now || patient_) {
      actions.waiting = actions.waiting || differs_now;
      return;
    }
    // A rejection of the response that is overtaken will not be heard: its removals go again.
    type.removed_again.insert(type.removed.begin(), type.removed.end());
  }
  if (switches_traffic(url) && patient_) {
    auto clusters = types_.find(type_url::cluster);
    if (clusters != types_.end() && clusters->second.outstanding) {
      actions.waiting = actions.waiting || type.due || differs(url, type);
      return;
    }
  }
  auto resources = wanted(url, type);
  if (variant_ == AdsVariant::state_of_the_world && !type.due && type.sent.empty() &&
      version_of(resources) == type.version)
    type.sent.assign(resources);  // it has them already
  bool hold = false;
  bool refused = rejection(type_url::listener) || rejection(type_url::route);
  bool switching = patient_ && !(taken(type_url::listener) && taken(type_url::route));
  if (url == type_url::cluster && (refused || switching)) {
    // What traffic may still be sent to stays for now.
    for (const XdsResourcePtr& sent : type.sent) {
      if (snapshot_->find(url, sent->name)) continue;
      hold = true;
      if (sent->any) resources.push_back(sent);
    }
    std::ranges::sort(resources, {},
                      [](const XdsResourcePtr& resource) -> const std::string& { return resource->name; });
    actions.waiting = actions.waiting || (hold && !refused);
  }
  if (variant_ == AdsVariant::state_of_the_world)
    send_world(url, type, std::move(resources), actions);
  else
    send_delta(url, type, resources, hold, actions);
}

void AdsSession::send_world(const std::string& url, Type& type, std::vector<XdsResourcePtr> resources,
                            AdsActions& actions) {
  std::string version = version_of(resources);
  if (!type.due && version == type.version) return;
  // Absence from a response says nothing of a resource that was asked for by name: there is nothing to say yet.
  if (resources.empty() && !type.wildcard) return;
  if (url == type_url::cluster) {
    std::vector<XdsResourcePtr> changed;
    for (const auto& resource : resources) {
      // One that was not in the last response may be held all the same, where that response was rejected.
      if (!type.sent.has(*resource)) changed.push_back(resource);
    }
    warm_again(changed);
  }
  AdsResponse response{
      .type_url = url, .version = version, .nonce = next_nonce(), .names = {}, .removed = {}, .bytes = {}};
  for (const auto& resource : resources) response.names.push_back(resource->name);
  response.bytes = frame_response({url, version, response.nonce, control_plane_}, resources);
  type.sent.assign(std::move(resources));
  type.version = version;
  type.nonce = response.nonce;
  type.outstanding = true;
  type.due = false;
  actions.send.push_back(std::move(response));
}

void AdsSession::send_delta(const std::string& url, Type& type, const std::vector<XdsResourcePtr>& resources, bool hold,
                            AdsActions& actions) {
  ask_company(type, resources, hold);
  // A NACK refers to its nonce, and only that of the last response is heard: what overtakes one has all of it again.
  std::set<std::string_view> overtaken;
  if (type.outstanding) overtaken.insert(type.carried.begin(), type.carried.end());
  std::vector<XdsResourcePtr> changed, updated;
  std::set<std::string_view> present;
  bool news = type.due;
  for (const auto& resource : resources) {
    present.insert(resource->name);
    bool other = !type.sent.has(*resource);
    bool again = type.again.contains(resource->name);
    bool unanswered = overtaken.contains(resource->name);
    // One that was refused may be new to the client.
    if (other || unanswered || (again && type.refused.contains(resource->name))) updated.push_back(resource);
    if (other || unanswered || again) changed.push_back(resource);
    news = news || other || again;
  }
  std::set<std::string> gone;
  // Removal means something to Envoy only where it asked for all; by name, it drops what it no longer needs itself.
  if (type.wildcard && !hold)
    for (const XdsResourcePtr& sent : type.sent)
      if (!present.contains(sent->name)) gone.insert(sent->name);
  // A name that was asked for and that there is not: the answer is its removal.
  for (const auto& name : type.again)
    if (!present.contains(name)) gone.insert(name);
  std::vector<std::string> removed(gone.begin(), gone.end());
  if (!news && removed.empty()) return;
  if (url == type_url::cluster) warm_again(updated);
  for (const auto& name : type.removed_again)  // refused together with something else
    if (!present.contains(name) && gone.insert(name).second) removed.push_back(name);
  type.removed_again.clear();
  type.removed = removed;
  AdsResponse response{.type_url = url,
                       .version = version_of(resources),
                       .nonce = next_nonce(),
                       .names = {},
                       .removed = removed,
                       .bytes = {}};
  for (const auto& name : removed) type.sent.erase(name);
  for (const auto& resource : changed) {
    response.names.push_back(resource->name);
    type.sent.put(resource);
  }
  type.carried = response.names;
  type.carried.insert(type.carried.end(), removed.begin(), removed.end());
  response.bytes = frame_delta_response({url, response.version, response.nonce, control_plane_}, changed, removed);
  type.version = response.version;
  type.nonce = response.nonce;
  type.outstanding = true;
  type.due = false;
  type.again.clear();
  actions.send.push_back(std::move(response));
}

/// Envoy's document, "Resource warming": the answer is expected even if the endpoints have not changed.
void AdsSession::warm_again(const std::vector<XdsResourcePtr>& clusters) {
  auto found = types_.find(type_url::endpoint);
  for (const auto& cluster : clusters) {
    std::string name = endpoint_name(*cluster);
    bool known = found != types_.end() && found->second.sent.contains(name);
    if (!known) continue;
    if (variant_ == AdsVariant::delta)
      found->second.again.insert(name);
    else
      found->second.due = true;
  }
}

std::string AdsSession::next_nonce() { return std::to_string(++nonce_); }

}  // namespace kumasim::cp
