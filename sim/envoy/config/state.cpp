#include "sim/envoy/config/state.hpp"

#include <google/protobuf/any.pb.h>

#include <utility>
#include <vector>

#include "envoy/service/discovery/v3/discovery.pb.h"

namespace kumasim::sim::proxy {
namespace {

namespace disc = ::envoy::service::discovery::v3;

/// Envoy: initial_fetch_timeout of a ConfigSource.
constexpr Duration fetch_timeout_default = std::chrono::seconds(15);

std::size_t at(Type type) { return static_cast<std::size_t>(type); }

/// A SotW response may wrap a resource to give it a time to live or a name.
::google::protobuf::Any unwrapped(const ::google::protobuf::Any& any) {
  if (any.type_url() != "type.googleapis.com/envoy.service.discovery.v3.Resource") return any;
  disc::Resource wrapper;
  return wrapper.ParseFromString(any.value()) ? wrapper.resource() : any;
}

/// What is in use keeps the whole resource, so that equal content is known again by its id.
template <class Ptr>
Ptr held(const ResourcePtr& resource) {
  return Ptr(resource, std::get<Ptr>(resource->what).get());
}

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : separator) + part;
  return out;
}

}  // namespace

Checked<> ConfigState::apply(const disc::DiscoveryResponse& response) {
  auto type = type_of(response.type_url());
  if (!type) return {};
  std::vector<Incoming> incoming;
  std::set<std::string> removed;
  Checked<> outcome;
  for (const auto& any : response.resources()) {
    auto resource = cache_->get(*type, unwrapped(any));
    if (!resource) {
      outcome = refuse(resource.error());
      break;
    }
    incoming.push_back({*resource, response.version_info()});
  }
  if (outcome) {
    std::set<std::string> present;
    for (const auto& in : incoming) present.insert(in.resource->name);
    auto absent = [&](const auto& map, const std::set<std::string>& kept) {
      for (const auto& [name, state] : map)
        if (!present.contains(name) && !kept.contains(name)) removed.insert(name);
    };
    if (*type == Type::cluster) absent(clusters_, static_clusters_), absent(warming_clusters_, static_clusters_);
    if (*type == Type::listener) absent(listeners_, static_listeners_), absent(warming_listeners_, static_listeners_);
    outcome = apply_all(*type, incoming, removed_now(*type, incoming, std::move(removed)));
  }
  finish(*type, response.version_info(), outcome);
  return outcome;
}

Checked<> ConfigState::apply(const disc::DeltaDiscoveryResponse& response) {
  auto type = type_of(response.type_url());
  if (!type) return {};
  std::vector<Incoming> incoming;
  std::set<std::string> seen;
  Checked<> outcome;
  for (const auto& r : response.resources()) {
    if (!seen.insert(r.name()).second) {
      outcome = refuse("duplicate name " + r.name() + " found among added/updated resources");
      break;
    }
    auto resource = cache_->get(*type, r.resource());
    if (!resource) {
      outcome = refuse(resource.error());
      break;
    }
    incoming.push_back({*resource, r.version()});
  }
  std::set<std::string> removed(response.removed_resources().begin(), response.removed_resources().end());
  for (const auto& name : removed)
    if (outcome && seen.contains(name))
      outcome = refuse("duplicate name " + name + " found in the union of added+removed resources");
  if (outcome) outcome = apply_all(*type, incoming, removed_now(*type, incoming, std::move(removed)));
  finish(*type, response.system_version_info(), outcome);
  return outcome;
}

Checked<> ConfigState::add_static(Type type, const ::google::protobuf::Any& any) {
  auto resource = cache_->get(type, any);
  if (!resource) return refuse(resource.error());
  if (!(*resource)->error.empty()) return refuse((*resource)->error);
  Incoming in{*resource, ""};
  const auto& name = (*resource)->name;
  if (type == Type::secret) {
    static_secrets_.insert(name);
    secrets_[name] = {held<SecretPtr>(*resource), "", true};
    note_unread(in);
    return {};
  }
  auto outcome = type == Type::cluster ? add_cluster(in) : add_listener(in);
  if (outcome) (type == Type::cluster ? static_clusters_ : static_listeners_).insert(name);
  settle();
  return outcome;
}

void ConfigState::no_discovery() {
  clusters_seen_ = listeners_seen_ = true;
  settle();
}

void ConfigState::hold_removals(const std::set<Type>& types) {
  auto before = std::exchange(held_removals_, {});
  for (Type type : types) held_removals_[type] = std::move(before[type]);
  for (const auto& [type, names] : before)
    if (!types.contains(type) && !names.empty()) (void)apply_all(type, {}, names);  // nothing is added, nor refused
  settle();
}

/// What of it is not held. A name that is sent again is no removal any more.
std::set<std::string> ConfigState::removed_now(Type type, const std::vector<Incoming>& incoming,
                                               std::set<std::string> removed) {
  auto held = held_removals_.find(type);
  if (held == held_removals_.end()) return removed;
  for (const auto& in : incoming) held->second.erase(in.resource->name);
  held->second.merge(removed);
  return {};
}

Checked<> ConfigState::apply_all(Type type, const std::vector<Incoming>& incoming,
                                 const std::set<std::string>& removed) {
  if (type == Type::cluster) return apply_clusters(incoming, removed);
  if (type == Type::listener) return apply_listeners(incoming, removed);
  return apply_named(type, incoming);
}

/// Each cluster stands for itself: the good ones are applied, the errors of the others are joined (Envoy:
/// CdsApiHelper).
Checked<> ConfigState::apply_clusters(const std::vector<Incoming>& incoming, const std::set<std::string>& removed) {
  std::vector<std::string> errors;
  std::set<std::string> names;
  for (const auto& in : incoming) {
    const auto& name = in.resource->name;
    if (!names.insert(name).second) {
      errors.push_back(name + ": duplicate cluster " + name + " found");
      continue;
    }
    if (static_clusters_.contains(name)) continue;
    if (auto ok = add_cluster(in); !ok) errors.push_back(name + ": " + ok.error());
  }
  for (const auto& name : removed) {
    if (static_clusters_.contains(name)) continue;
    auto was_warming = warming_clusters_.contains(name);
    drop_warming(name);
    if (clusters_.erase(name) > 0) {
      observer_.cluster_removed(name);
      stats_.add("cluster_manager.cluster_removed");
    } else if (was_warming) {
      stats_.add("cluster_manager.cluster_removed");
    }
  }
  clusters_seen_ = true;
  if (errors.empty()) return {};
  return refuse("Error adding/updating cluster(s) " + joined(errors, ", "));
}

Checked<> ConfigState::add_cluster(const Incoming& in) {
  if (!in.resource->error.empty()) return refuse(in.resource->error);
  const auto& name = in.resource->name;
  auto warming = warming_clusters_.find(name);
  auto active = clusters_.find(name);
  if (warming != warming_clusters_.end()) {
    if (warming->second.id == in.resource->id) return {};
  } else if (active != clusters_.end() && active->second.id == in.resource->id) {
    return {};
  }
  stats_.add(active != clusters_.end() ? "cluster_manager.cluster_modified" : "cluster_manager.cluster_added");
  ClusterState state;
  state.config = held<ClusterPtr>(in.resource);
  state.id = in.resource->id;
  state.version = in.version;
  state.assignment = state.config->assignment;
  state.assignment_version = in.version;
  state.has_endpoints = state.config->type != Cluster::Type::eds;
  if (!state.has_endpoints) {
    resubscribe_[at(Type::endpoints)] |= wanted_[at(Type::endpoints)].contains(state.config->eds_name);
    arm(Type::endpoints, state.config->eds_name, state.config->eds_timeout);
  }
  drop_warming(name);
  warming_clusters_[name] = std::move(state);
  note_unread(in);
  return {};
}

void ConfigState::drop_warming(const std::string& cluster) {
  auto found = warming_clusters_.find(cluster);
  if (found == warming_clusters_.end()) return;
  bool awaited = found->second.checks == ClusterState::Checks::awaited;
  warming_clusters_.erase(found);
  if (awaited) observer_.checks_dropped(cluster);
}

/// Removals first, then each listener for itself (Envoy: LdsApiImpl).
Checked<> ConfigState::apply_listeners(const std::vector<Incoming>& incoming, const std::set<std::string>& removed) {
  for (const auto& name : removed) {
    if (static_listeners_.contains(name)) continue;
    bool was_warming = warming_listeners_.erase(name) > 0;
    if (auto found = listeners_.find(name); found != listeners_.end()) {
      auto old = found->second.config;
      listeners_.erase(found);
      observer_.listener_removed(old);
      stats_.add("listener_manager.listener_removed");
    } else if (was_warming) {
      stats_.add("listener_manager.listener_removed");
    }
  }
  std::string errors;
  std::set<std::string> names;
  for (const auto& in : incoming) {
    const auto& name = in.resource->name;
    Checked<> ok;
    if (!names.insert(name).second)
      ok = refuse("duplicate listener " + name + " found");
    else if (!static_listeners_.contains(name))
      ok = add_listener(in);
    if (!ok) {
      stats_.add("listener_manager.listener_create_failure");
      errors += name + ": " + ok.error() + "\n";
    }
  }
  listeners_seen_ = true;
  if (errors.empty()) return {};
  return refuse("Error adding/updating listener(s) " + errors);
}

Checked<> ConfigState::add_listener(const Incoming& in) {
  if (!in.resource->error.empty()) return refuse(in.resource->error);
  auto config = held<ListenerPtr>(in.resource);
  auto warming = warming_listeners_.find(config->name);
  auto active = listeners_.find(config->name);
  if (warming != warming_listeners_.end()) {
    if (warming->second.id == in.resource->id) return {};
  } else if (active != listeners_.end() && active->second.id == in.resource->id) {
    return {};
  }
  for (const auto& cluster : config->clusters)
    if (!clusters_.contains(cluster) && !warming_clusters_.contains(cluster))
      return refuse("route: unknown cluster '" + cluster + "'");
  auto clashes = [&](const auto& map) {
    for (const auto& [name, other] : map)
      if (name != config->name && other.config->host == config->host && other.config->port == config->port &&
          other.config->udp == config->udp && other.config->bind == config->bind)
        return true;
    return false;
  };
  if (!config->host.empty() && (clashes(listeners_) || clashes(warming_listeners_)))
    return refuse("error adding listener: '" + config->name + "' has duplicate address '" + config->host + ":" +
                  std::to_string(config->port) + "' as existing listener");
  bool known = active != listeners_.end() || warming != warming_listeners_.end();
  stats_.add(known ? "listener_manager.listener_modified" : "listener_manager.listener_added");
  warming_listeners_[config->name] = {config, in.resource->id, in.version};
  note_unread(in);
  return {};
}

Checked<> ConfigState::apply_named(Type type, const std::vector<Incoming>& incoming) {
  for (const auto& in : incoming) {
    const auto& name = in.resource->name;
    if (!wanted(type).contains(name)) continue;
    auto prefix = stat_prefix(type, name);
    Checked<> ok;
    if (!in.resource->error.empty())
      ok = refuse(in.resource->error);
    else if (type == Type::endpoints)
      ok = take_endpoints(in);
    else if (type == Type::routes) {
      auto value = held<RouteConfigPtr>(in.resource);
      if (value->validate_clusters().value_or(false))
        for (const auto& cluster : value->clusters())
          if (ok && !clusters_.contains(cluster) && !warming_clusters_.contains(cluster))
            ok = refuse("route: unknown cluster '" + cluster + "'");
      if (ok) {
        auto& slot = routes_[name];
        bool changed = slot.value != value;
        slot = {value, in.version, true};
        if (changed) observer_.routes_changed(name);
      }
    } else {
      auto value = held<SecretPtr>(in.resource);
      auto& slot = secrets_[name];
      bool changed = slot.value != value;
      slot = {value, in.version, true};
      if (changed) observer_.secret_changed(name);
    }
    stats_.add(prefix + (ok ? ".update_success" : ".update_rejected"));
    if (!ok) return ok;
    note_unread(in);
    waits_.erase({type, name});
  }
  return {};
}

Checked<> ConfigState::take_endpoints(const Incoming& in) {
  const auto& name = in.resource->name;
  endpoints_[name] = in;
  auto value = held<LoadAssignmentPtr>(in.resource);
  for (auto* map : {&clusters_, &warming_clusters_}) {
    for (auto& [cluster_name, state] : *map) {
      if (state.config->type != Cluster::Type::eds || state.config->eds_name != name) continue;
      bool changed = state.assignment != value;
      state.assignment = value;
      state.assignment_version = in.version;
      state.has_endpoints = true;
      bool seen = map == &clusters_ || state.checks == ClusterState::Checks::awaited;
      if (changed && seen) observer_.endpoints_changed(state);
    }
  }
  return {};
}

void ConfigState::finish(Type type, const std::string& version, const Checked<>& outcome) {
  if (wildcard(type)) {
    std::string prefix = type == Type::cluster ? "cluster_manager.cds" : "listener_manager.lds";
    stats_.add(prefix + (outcome ? ".update_success" : ".update_rejected"));
    // Envoy reports initialised after the first answer, a refused one too.
    (type == Type::cluster ? clusters_seen_ : listeners_seen_) = true;
  }
  if (outcome) versions_[at(type)] = version;
  settle();
}

/// What is ready comes into use, which may free or ask for names, until nothing moves.
void ConfigState::settle() {
  do {
    collect_wanted();
  } while (warm_clusters() || warm_listeners());
  count();
}

void ConfigState::collect_wanted() {
  std::set<std::string> eds, sds, rds;
  for (const auto* map : {&clusters_, &warming_clusters_})
    for (const auto& [name, state] : *map) {
      if (state.config->type == Cluster::Type::eds) eds.insert(state.config->eds_name);
      sds.insert(state.config->secrets.begin(), state.config->secrets.end());
    }
  for (const auto* map : {&listeners_, &warming_listeners_})
    for (const auto& [name, state] : *map) {
      sds.insert(state.config->secrets.begin(), state.config->secrets.end());
      rds.insert(state.config->route_configs.begin(), state.config->route_configs.end());
    }
  for (const auto& name : static_secrets_) sds.erase(name);
  std::erase_if(endpoints_, [&](const auto& e) { return !eds.contains(e.first); });
  std::erase_if(secrets_, [&](const auto& e) { return !sds.contains(e.first) && !static_secrets_.contains(e.first); });
  std::erase_if(routes_, [&](const auto& e) { return !rds.contains(e.first); });
  for (const auto& name : sds)
    if (secrets_.try_emplace(name).second) arm(Type::secret, name, std::nullopt);
  for (const auto& name : rds)
    if (routes_.try_emplace(name).second) arm(Type::routes, name, std::nullopt);
  wanted_[at(Type::endpoints)] = std::move(eds);
  wanted_[at(Type::secret)] = std::move(sds);
  wanted_[at(Type::routes)] = std::move(rds);
}

void ConfigState::arm(Type type, const std::string& name, std::optional<Duration> timeout) {
  auto delay = timeout.value_or(fetch_timeout_default);
  auto token = ++tokens_;
  waits_[{type, name}] = token;
  if (delay > Duration::zero()) observer_.arm_fetch_timeout(type, name, token, delay);
}

/// What waited goes on without: a cluster with the endpoints that were last known for it, a listener without its
/// routes.
void ConfigState::fetch_timed_out(Type type, const std::string& name, std::uint64_t token) {
  auto wait = waits_.find({type, name});
  if (wait == waits_.end() || wait->second != token) return;
  waits_.erase(wait);
  stats_.add(stat_prefix(type, name) + ".init_fetch_timeout");
  if (type == Type::endpoints) {
    for (auto& [cluster_name, state] : warming_clusters_) {
      if (state.config->eds_name != name || state.has_endpoints) continue;
      state.has_endpoints = true;
      if (auto known = endpoints_.find(name); known != endpoints_.end()) {
        state.assignment = held<LoadAssignmentPtr>(known->second.resource);
        state.assignment_version = known->second.version;
      }
    }
  } else if (type == Type::secret) {
    if (auto found = secrets_.find(name); found != secrets_.end()) found->second.ready = true;
  } else if (auto found = routes_.find(name); found != routes_.end()) {
    found->second.ready = true;
  }
  settle();
}

bool ConfigState::take_resubscribe(Type type) {
  bool was = resubscribe_[at(type)];
  resubscribe_[at(type)] = false;
  return was;
}

void ConfigState::note_unread(const Incoming& in) {
  for (const auto& field : in.resource->unread) unread_.try_emplace(field, in.resource->name);
}

void ConfigState::count() {
  stats_.set("cluster_manager.active_clusters", clusters_.size());
  stats_.set("cluster_manager.warming_clusters", warming_clusters_.size());
  stats_.set("listener_manager.total_listeners_active", listeners_.size());
  stats_.set("listener_manager.total_listeners_warming", warming_listeners_.size());
}

std::string ConfigState::stat_prefix(Type type, const std::string& name) const {
  if (type == Type::secret) return "sds." + name;
  if (type == Type::endpoints) {
    for (const auto* map : {&clusters_, &warming_clusters_})
      for (const auto& [cluster_name, state] : *map)
        if (state.config->eds_name == name) return "cluster." + cluster_name;
    return "cluster." + name;
  }
  for (const auto* map : {&listeners_, &warming_listeners_})
    for (const auto& [listener_name, state] : *map) {
      if (!state.config->route_configs.contains(name)) continue;
      for (const auto& chain : state.config->chains)
        for (const auto& filter : chain->filters)
          if (const auto* http = std::get_if<HttpConnectionManager>(&filter.what); http && http->rds == name)
            return "http." + http->stat_prefix + ".rds." + name;
    }
  return "rds." + name;
}

}  // namespace kumasim::sim::proxy
