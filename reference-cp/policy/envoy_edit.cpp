/// Unpacking and packing of filters.
#include "reference-cp/policy/envoy_edit.hpp"

#include <envoy/config/listener/v3/listener_components.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy {
namespace {

template <class Config>
void change_filter(::envoy::config::listener::v3::FilterChain& chain, const char* name,
                   const std::function<void(Config&)>& change) {
  for (auto& filter : *chain.mutable_filters()) {
    if (filter.name() != name) continue;
    Config config;
    if (!filter.typed_config().UnpackTo(&config)) continue;
    change(config);
    pack(config, *filter.mutable_typed_config());
  }
}

}  // namespace

void change_hcm(::envoy::config::listener::v3::FilterChain& chain, const std::function<void(Hcm&)>& change) {
  change_filter<Hcm>(chain, "envoy.filters.network.http_connection_manager", change);
}

void change_tcp_proxy(::envoy::config::listener::v3::FilterChain& chain, const std::function<void(TcpProxy&)>& change) {
  change_filter<TcpProxy>(chain, "envoy.filters.network.tcp_proxy", change);
}

}  // namespace kumasim::cp::policy
