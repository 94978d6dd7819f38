#include "sim/envoy/ads/discovery_faults.hpp"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <type_traits>

#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "sim/envoy/config/wire.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace disc = ::envoy::service::discovery::v3;
using ::google::protobuf::Any;
using SecretMessage = ::envoy::extensions::transport_sockets::tls::v3::Secret;

/// Ends within a field: no message decodes from it.
constexpr const char* broken_bytes = "\x0a\x7f";

Any& any_of(Any& resource) { return resource; }
Any& any_of(disc::Resource& resource) { return *resource.mutable_resource(); }

/// One that has nothing to break gets a resource to refuse.
template <class Response>
void break_resources(Response& response) {
  if (response.resources().empty()) {
    auto& added = *response.add_resources();
    if constexpr (std::is_same_v<Response, disc::DeltaDiscoveryResponse>) added.set_name("broken");
    any_of(added).set_type_url(response.type_url());
  }
  for (auto& resource : *response.mutable_resources()) any_of(resource).set_value(broken_bytes);
}

}  // namespace

DiscoveryActions DiscoveryFilter::set(DiscoveryFaults faults, MonotonicTime now) {
  DiscoveryActions actions;
  DiscoveryFaults before = std::exchange(faults_, std::move(faults));
  if (faults_.storm != before.storm || faults_.churn != before.churn) begin_periods(now, actions);
  std::set<Type> passing;
  for (const auto& [type, held] : waiting_)
    if (!faults_.behind.contains(type)) passing.insert(type);
  for (Type type : passing) {
    auto held = waiting_.extract(type);
    std::ranges::move(held.mapped(), std::back_inserter(actions.receive));
  }
  release_secrets(now, actions);
  for (auto it = owed_.begin(); it != owed_.end();) {
    if (faults_.withheld.contains(it->first) || faults_.old_nonce.contains(it->first)) {
      ++it;
      continue;
    }
    std::ranges::move(it->second, std::back_inserter(actions.send));
    it = owed_.erase(it);
  }
  return actions;
}

void DiscoveryFilter::begin_periods(MonotonicTime now, DiscoveryActions& actions) {
  storm_at_.clear();
  for (const auto& [type, period] : faults_.storm) actions.wake.push_back(storm_at_[type] = now + period);
  churn_at_.reset();
  if (faults_.churn) actions.wake.push_back(*(churn_at_ = now + *faults_.churn));
}

DiscoveryActions DiscoveryFilter::incoming(std::string response, MonotonicTime now) {
  if (delta_) return hear<disc::DeltaDiscoveryResponse>(std::move(response), now);
  return hear<disc::DiscoveryResponse>(std::move(response), now);
}

template <class Response>
DiscoveryActions DiscoveryFilter::hear(std::string bytes, MonotonicTime now) {
  DiscoveryActions actions;
  Response response;
  auto type = response.ParseFromString(bytes) ? type_of(response.type_url()) : std::nullopt;
  if (!type) {
    actions.receive.push_back(std::move(bytes));
    return actions;
  }
  auto& [last, before] = nonces_[*type];
  before = std::exchange(last, response.nonce());
  unanswered_[*type].insert(response.nonce());
  actions.hang_up = struck_by_goaway(*type);
  bool changed = faults_.nack.contains(*type) || actions.hang_up;
  if (changed) break_resources(response);
  if (*type == Type::secret && !changed) {
    hold_secrets(response, now, actions);
    changed = true;
  }
  if (changed) bytes = to_bytes(response);
  if (faults_.behind.contains(*type)) {
    waiting_[*type].push_back(std::move(bytes));
    return actions;
  }
  actions.receive.push_back(std::move(bytes));
  let_pass({*type}, actions);
  return actions;
}

/// Responses that waited for one of the types that were handled go on, and those that waited for these.
void DiscoveryFilter::let_pass(const std::set<Type>& handled, DiscoveryActions& actions) {
  std::set<Type> next;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto& others = faults_.behind[it->first];
    if (std::ranges::none_of(handled, [&](Type type) { return others.contains(type); })) {
      ++it;
      continue;
    }
    next.insert(it->first);
    std::ranges::move(it->second, std::back_inserter(actions.receive));
    it = waiting_.erase(it);
  }
  if (!next.empty()) let_pass(next, actions);
}

bool DiscoveryFilter::struck_by_goaway(Type type) {
  for (const Goaway& fault : faults_.goaway)
    if (fault.types.contains(type) && !std::exchange(*fault.struck, true)) return true;
  return false;
}

bool DiscoveryFilter::keeps_old(const std::string& name, bool trust) const {
  return (trust ? faults_.old_trust : faults_.old_certificate) && secrets_in_use_.contains(name);
}

bool DiscoveryFilter::holds(const std::string& name, bool trust) const {
  return keeps_old(name, trust) || (!trust && faults_.late_certificate);
}

/// What a response by name leaves out stays as it is: what is held is taken out of it, and comes later by itself.
template <class Response>
void DiscoveryFilter::hold_secrets(Response& response, MonotonicTime now, DiscoveryActions& actions) {
  if constexpr (std::is_same_v<Response, disc::DiscoveryResponse>)
    secret_version_ = response.version_info();
  else
    secret_version_ = response.system_version_info();
  Response kept = response;
  kept.clear_resources();
  for (auto& resource : *response.mutable_resources()) {
    SecretMessage secret;
    bool known = secret.ParseFromString(any_of(resource).value());
    Held held{.trust = secret.has_validation_context(), .due = {}, .bytes = to_bytes(resource)};
    if (!known || !holds(secret.name(), held.trust)) {
      if (known) {
        secrets_.erase(secret.name());
        secrets_in_use_.insert(secret.name());
      }
      *kept.add_resources() = resource;
      continue;
    }
    if (!keeps_old(secret.name(), held.trust)) actions.wake.push_back(*(held.due = now + *faults_.late_certificate));
    secrets_[secret.name()] = std::move(held);
  }
  response = std::move(kept);
}

/// A response of its own, whose answer says again what was said of the last one.
template <class Response>
std::string DiscoveryFilter::release(const std::vector<std::string>& names) {
  Response response;
  response.set_type_url(std::string(type_url(Type::secret)));
  response.set_nonce(nonces_[Type::secret].first);
  if constexpr (std::is_same_v<Response, disc::DiscoveryResponse>)
    response.set_version_info(secret_version_);
  else
    response.set_system_version_info(secret_version_);
  for (const std::string& name : names) response.add_resources()->ParseFromString(secrets_.at(name).bytes);
  return to_bytes(response);
}

void DiscoveryFilter::release_secrets(MonotonicTime now, DiscoveryActions& actions) {
  std::vector<std::string> names;
  for (const auto& [name, held] : secrets_)
    if (!holds(name, held.trust) || (held.due && *held.due <= now)) names.push_back(name);
  if (names.empty()) return;
  unanswered_[Type::secret].insert(nonces_[Type::secret].first);
  actions.receive.push_back(delta_ ? release<disc::DeltaDiscoveryResponse>(names)
                                   : release<disc::DiscoveryResponse>(names));
  for (const std::string& name : names) secrets_.erase(name);
  secrets_in_use_.insert(names.begin(), names.end());
}

DiscoveryActions DiscoveryFilter::outgoing(std::vector<std::string> requests, MonotonicTime now) {
  DiscoveryActions actions;
  for (std::string& bytes : requests) {
    if (delta_)
      speak<disc::DeltaDiscoveryRequest>(std::move(bytes), now, actions);
    else
      speak<disc::DiscoveryRequest>(std::move(bytes), now, actions);
  }
  return actions;
}

template <class Request>
void DiscoveryFilter::speak(std::string bytes, MonotonicTime now, DiscoveryActions& actions) {
  Request request;
  auto type = request.ParseFromString(bytes) ? type_of(request.type_url()) : std::nullopt;
  if (!type) {
    actions.send.push_back(std::move(bytes));
    return;
  }
  // Without deltas a changed subscription names the last response too. It is no answer, but the server would take it
  // for the one that is still owed.
  bool answer = unanswered_[*type].erase(request.response_nonce()) > 0 && !request.response_nonce().empty();
  bool behind_owed = !request.response_nonce().empty() && owed_.contains(*type);
  if (answer && faults_.lost.contains(*type)) return;
  if ((answer || behind_owed) && faults_.withheld.contains(*type)) {
    owed_[*type].push_back(std::move(bytes));
    return;
  }
  if ((answer || behind_owed) && faults_.old_nonce.contains(*type)) {
    owed_[*type] = {std::move(bytes)};
    request.set_response_nonce(nonces_[*type].second.empty() ? "none" : nonces_[*type].second);
    bytes = to_bytes(request);
  }
  for (int times = faults_.twice.contains(*type) ? 2 : 1; times > 0; --times) {
    if (auto late = faults_.late.find(*type); late != faults_.late.end()) {
      late_.push_back({now + late->second, *type, bytes});
      actions.wake.push_back(late_.back().due);
    } else {
      actions.send.push_back(bytes);
    }
  }
}

DiscoveryActions DiscoveryFilter::on_time(MonotonicTime now) {
  DiscoveryActions actions;
  for (auto& [type, at] : storm_at_) {
    if (at > now) continue;
    actions.ask_again.push_back(type);
    actions.wake.push_back(at = now + faults_.storm.at(type));
  }
  for (auto it = late_.begin(); it != late_.end();) {
    if (it->due > now) {
      ++it;
      continue;
    }
    actions.send.push_back(std::move(it->bytes));
    it = late_.erase(it);
  }
  release_secrets(now, actions);
  if (churn_at_ && *churn_at_ <= now) {
    actions.wake.push_back(*(churn_at_ = now + *faults_.churn));
    actions.hang_up = true;
  }
  return actions;
}

DiscoveryActions DiscoveryFilter::ask_unknown() const {
  constexpr const char* url = "type.googleapis.com/kumasim.Unknown";
  DiscoveryActions actions;
  disc::DeltaDiscoveryRequest delta;
  delta.set_type_url(url);
  disc::DiscoveryRequest world;
  world.set_type_url(url);
  actions.send.push_back(delta_ ? to_bytes(delta) : to_bytes(world));
  return actions;
}

void DiscoveryFilter::on_disconnected() {
  nonces_.clear();
  unanswered_.clear();
  owed_.clear();
  waiting_.clear();
  late_.clear();
}

}  // namespace kumasim::sim::proxy
