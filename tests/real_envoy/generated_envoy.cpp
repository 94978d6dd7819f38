#include "tests/real_envoy/generated_envoy.hpp"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/real_envoy/generated_clusters.hpp"
#include "tests/real_envoy/generated_filters.hpp"
#include "tests/real_envoy/generated_routes.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using nlohmann::json;
using sim::proxy::Type;

/// One certificate for every listener that terminates TLS: clients take any.
const Pem& certificate() {
  static const Pem pem = Authority("generated").issue("spiffe://generated/gateway");
  return pem;
}

class Drawn {
 public:
  explicit Drawn(std::uint64_t seed) : draw_(seed), clusters_(generate_clusters(draw_)) {
    slow_ = draw_.percent(30);
    listeners_.push_back(plain_http());
    if (draw_.percent(50)) listeners_.push_back(plain_http());
    if (draw_.percent(40)) listeners_.push_back(raw());
    if (draw_.percent(30)) listeners_.push_back(by_server_name());
    if (draw_.percent(20)) listeners_.push_back(terminating());
  }

  GeneratedEnvoy all() const {
    GeneratedEnvoy out;
    out.slow = slow_;
    const std::vector<std::pair<Type, const std::vector<json>*>> kinds{{Type::cluster, &clusters_.clusters},
                                                                       {Type::endpoints, &clusters_.assignments},
                                                                       {Type::listener, &listeners_},
                                                                       {Type::routes, &routes_}};
    for (const auto& [type, resources] : kinds)
      for (const json& resource : *resources) {
        const std::string url(sim::proxy::type_url(type));
        const std::string name = resource.at(type == Type::endpoints ? "cluster_name" : "name");
        out.document[url].push_back(resource);
        auto bytes = std::make_shared<const std::string>(packed_any(type, resource.dump()));
        out.snapshot.add(url, std::make_shared<const cp::XdsResource>(cp::XdsResource{name, "1", std::move(bytes)}));
      }
    return out;
  }

 private:
  json listener(json chains) {
    const auto port = first_port + listeners_.size();
    return {{"name", fmt::format("listener-{}", port)},
            {"address", {{"socket_address", {{"address", "127.0.0.1"}, {"port_value", port}}}}},
            {"traffic_direction", "OUTBOUND"},
            {"filter_chains", std::move(chains)}};
  }

  json inspected(json chains) {
    json out = listener(std::move(chains));
    out["listener_filters"].push_back(
        {{"name", "envoy.filters.listener.tls_inspector"},
         {"typed_config", typed_config("extensions.filters.listener.tls_inspector.v3.TlsInspector")}});
    return out;
  }

  json chain(json last, unsigned chance_of_rbac) {
    json filters = json::array();
    if (draw_.percent(chance_of_rbac)) filters.push_back(generate_network_rbac(draw_));
    filters.push_back(std::move(last));
    return {{"filters", std::move(filters)}};
  }

  json http(bool tls) {
    const auto number = managers_++;
    RouteSurroundings around{
        .clusters = clusters_.names, .filters = generate_http_filters(draw_), .slow = slow_, .tls = tls};
    json manager{{"stat_prefix", fmt::format("http-{}", number)}, {"http_filters", around.filters.chain}};
    json routes = generate_routes(draw_, fmt::format("routes-{}", number), around);
    if (draw_.percent(50)) {
      manager["route_config"] = std::move(routes);
    } else {
      manager["rds"] = {{"route_config_name", routes["name"]},
                        {"config_source", {{"ads", json::object()}, {"resource_api_version", "V3"}}}};
      routes_.push_back(std::move(routes));
    }
    if (draw_.percent(35)) manager["normalize_path"] = true;
    if (draw_.percent(25)) manager["merge_slashes"] = true;
    if (draw_.percent(25))
      manager["path_with_escaped_slashes_action"] =
          draw_.one_of({"KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD"});
    if (draw_.percent(15)) manager["strip_any_host_port"] = true;
    return {{"name", "envoy.filters.network.http_connection_manager"},
            {"typed_config",
             typed_config("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", manager)}};
  }

  json tcp() {
    json proxy{{"stat_prefix", "tcp"}};
    const auto label = [&] {
      return json{{"filter_metadata", {{"envoy.lb", {{"version", draw_.one_of({"v1", "v2"})}}}}}};
    };
    if (draw_.percent(40)) {
      for (const std::string& name : draw_.some(clusters_.names, 2)) {
        json choice{{"name", name}, {"weight", draw_.between(1, 3)}};
        if (draw_.percent(20)) choice["metadata_match"] = label();
        proxy["weighted_clusters"]["clusters"].push_back(std::move(choice));
      }
    } else {
      proxy["cluster"] = draw_.percent(8) ? "missing" : draw_.one_of(clusters_.names);
    }
    if (draw_.percent(25)) proxy["metadata_match"] = label();
    if (draw_.percent(40)) proxy["max_connect_attempts"] = draw_.between(1, 3);
    return {{"name", "envoy.filters.network.tcp_proxy"},
            {"typed_config", typed_config("extensions.filters.network.tcp_proxy.v3.TcpProxy", proxy)}};
  }

  json plain_http() { return listener(json::array({chain(http(false), 8)})); }
  json raw() { return listener(json::array({chain(tcp(), 12)})); }

  /// Names of a chain, each of one chain only.
  std::vector<std::vector<std::string>> names_of_chains() {
    std::vector<std::string> names{"a.test", "b.test", "*.test", "*.b.test", "c.other"};
    draw_.shuffle(names);
    std::vector<std::vector<std::string>> out(draw_.between(1, 3));
    for (auto& some : out)
      for (auto left = draw_.between(1, 2); left > 0 && !names.empty(); --left) {
        some.push_back(names.back());
        names.pop_back();
      }
    std::erase_if(out, [](const auto& some) { return some.empty(); });
    return out;
  }

  /// TLS is passed on by its server name; plain connections have chains of their own, or none.
  json by_server_name() {
    json chains = json::array();
    for (const auto& names : names_of_chains()) {
      json one = chain(tcp(), 5);
      one["filter_chain_match"]["server_names"] = names;
      if (draw_.percent(60)) one["filter_chain_match"]["transport_protocol"] = "tls";
      chains.push_back(std::move(one));
    }
    if (draw_.percent(60)) {
      json one = chain(http(false), 0);
      one["filter_chain_match"]["transport_protocol"] = "raw_buffer";
      chains.push_back(std::move(one));
    }
    json out = inspected(std::move(chains));
    if (draw_.percent(40)) out["default_filter_chain"] = chain(tcp(), 0);
    return out;
  }

  json terminating() {
    json context = typed_config("extensions.transport_sockets.tls.v3.DownstreamTlsContext");
    context["common_tls_context"]["tls_certificates"].push_back(
        {{"certificate_chain", {{"inline_string", certificate().certificate}}},
         {"private_key", {{"inline_string", certificate().key}}}});
    json chains = json::array();
    for (const auto& names : names_of_chains()) {
      json one = chain(http(true), 10);
      one["filter_chain_match"]["server_names"] = names;
      one["transport_socket"] = {{"name", "envoy.transport_sockets.tls"}, {"typed_config", context}};
      chains.push_back(std::move(one));
    }
    if (draw_.percent(50)) {
      json one = chain(http(true), 0);
      one["transport_socket"] = {{"name", "envoy.transport_sockets.tls"}, {"typed_config", context}};
      chains.push_back(std::move(one));
    }
    return inspected(std::move(chains));
  }

  static constexpr std::size_t first_port = 10001;

  Draw draw_;
  GeneratedClusters clusters_;
  bool slow_ = false;
  std::vector<json> listeners_, routes_;
  std::size_t managers_ = 0;
};

}  // namespace

GeneratedEnvoy generate_envoy(std::uint64_t seed) { return Drawn(seed).all(); }

}  // namespace kumasim::test
