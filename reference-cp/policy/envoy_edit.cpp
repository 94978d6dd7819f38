/// Unpacking and packing of filters.
#include "reference-cp/policy/envoy_edit.hpp"

#include <algorithm>

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

void insert_at(Hcm& hcm, int position, std::string_view name, const google::protobuf::Message& config) {
  auto& filter = *hcm.add_http_filters();
  filter.set_name(std::string(name));
  pack(config, *filter.mutable_typed_config());
  auto& filters = *hcm.mutable_http_filters();
  for (int i = filters.size() - 1; i > position; --i) filters.SwapElements(i, i - 1);
}

}  // namespace

void change_hcm(::envoy::config::listener::v3::FilterChain& chain, const std::function<void(Hcm&)>& change) {
  change_filter<Hcm>(chain, "envoy.filters.network.http_connection_manager", change);
}

void change_tcp_proxy(::envoy::config::listener::v3::FilterChain& chain, const std::function<void(TcpProxy&)>& change) {
  change_filter<TcpProxy>(chain, "envoy.filters.network.tcp_proxy", change);
}

bool has_http_filter(const Hcm& hcm, std::string_view name) {
  return std::ranges::any_of(hcm.http_filters(), [&](const auto& filter) { return filter.name() == name; });
}

void insert_before_router(Hcm& hcm, std::string_view name, const google::protobuf::Message& config) {
  for (int i = 0; i < hcm.http_filters_size(); ++i)
    if (hcm.http_filters(i).name() == "envoy.filters.http.router") return insert_at(hcm, i, name, config);
}

void insert_first(Hcm& hcm, std::string_view name, const google::protobuf::Message& config) {
  insert_at(hcm, 0, name, config);
}

}  // namespace kumasim::cp::policy
