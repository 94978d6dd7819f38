#include "sim/envoy/config/resource.hpp"

#include <google/protobuf/any.pb.h>

#include <algorithm>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "sim/envoy/config/unread.hpp"
#include "sim/envoy/config/validate.hpp"

namespace kumasim::sim::proxy {
namespace {

constexpr std::array<std::string_view, all_types.size()> urls{
    "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    "type.googleapis.com/envoy.config.listener.v3.Listener",
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
};

template <class T>
void settle(Resource& out, Checked<T> compiled) {
  if (!compiled)
    out.error = compiled.error();
  else if constexpr (std::is_same_v<T, Secret>)
    out.what = std::make_shared<const Secret>(std::move(*compiled));
  else
    out.what = std::move(*compiled);
}

Checked<> decode(Type type, const ::google::protobuf::Any& any, CertificateStore& store, Resource& out) {
  switch (type) {
    case Type::cluster: {
      ::envoy::config::cluster::v3::Cluster m;
      if (auto ok = unpack(any, m); !ok) return ok;
      out.name = m.name();
      settle(out, Cluster::compile(m, store));
      out.unread = unread_fields(m);
      return {};
    }
    case Type::endpoints: {
      ::envoy::config::endpoint::v3::ClusterLoadAssignment m;
      if (auto ok = unpack(any, m); !ok) return ok;
      out.name = m.cluster_name();
      settle(out, LoadAssignment::compile(m, false));
      out.unread = unread_fields(m);
      return {};
    }
    case Type::listener: {
      ::envoy::config::listener::v3::Listener m;
      if (auto ok = unpack(any, m); !ok) return ok;
      out.name = m.name();
      settle(out, Listener::compile(m, store));
      out.unread = unread_fields(m);
      return {};
    }
    case Type::routes: {
      ::envoy::config::route::v3::RouteConfiguration m;
      if (auto ok = unpack(any, m); !ok) return ok;
      out.name = m.name();
      settle(out, RouteConfig::compile(m));
      out.unread = unread_fields(m);
      return {};
    }
    case Type::secret: {
      tls::Secret m;
      if (auto ok = unpack(any, m); !ok) return ok;
      out.name = m.name();
      settle(out, compile_secret(m, store));
      out.unread = unread_fields(m);
      return {};
    }
  }
  return {};
}

}  // namespace

std::string_view type_url(Type type) { return urls[static_cast<std::size_t>(type)]; }

std::optional<Type> type_of(std::string_view url) {
  auto found = std::find(urls.begin(), urls.end(), url);
  if (found == urls.end()) return std::nullopt;
  return static_cast<Type>(found - urls.begin());
}

Checked<ResourcePtr> ResourceCache::get(Type type, const ::google::protobuf::Any& any) {
  if (any.type_url() != type_url(type)) {
    return refuse("type URL " + any.type_url() +
                  " embedded in an individual Any does not match the message-wide type URL " +
                  std::string(type_url(type)) + " in DiscoveryResponse");
  }
  auto& known = known_[static_cast<std::size_t>(type)];
  auto found = known.find(any.value());
  if (found != known.end())
    if (auto alive = found->second.lock()) return alive;
  auto out = std::make_shared<Resource>();
  out->type = type;
  if (auto ok = decode(type, any, certificates_, *out); !ok) return refuse(ok.error());
  out->id = ++ids_;
  if (found != known.end()) {
    found->second = out;
  } else {
    known.emplace(any.value(), out);
    if (++size_ >= sweep_at_) forget_unused();
  }
  return out;
}

void ResourceCache::forget_unused() {
  size_ = 0;
  for (auto& known : known_) {
    std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
    size_ += known.size();
  }
  sweep_at_ = std::max<std::size_t>(4096, size_ * 2);
}

}  // namespace kumasim::sim::proxy
