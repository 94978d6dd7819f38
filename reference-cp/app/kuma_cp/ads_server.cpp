#include "reference-cp/app/kuma_cp/ads_server.hpp"

#include <exception>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/model/uuid.hpp"
#include "reference-cp/xds/ads/node.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view service = "/envoy.service.discovery.v3.AggregatedDiscoveryService/";
constexpr std::string_view component = "ads";

/// Who opens a stream speaks first; one that says nothing would be held for ever, and nobody sees it.
constexpr Duration first_request_limit = std::chrono::seconds(10);

}  // namespace

asio::awaitable<void> AdsServer::serve(GrpcServerStream stream) {
  bool delta = stream.path() == std::string(service) + "DeltaAggregatedResources";
  if (!delta && stream.path() != std::string(service) + "StreamAggregatedResources") {
    stream.finish(GrpcCode::unimplemented, fmt::format("unknown method {}", stream.path()));
    co_return;
  }
  AdsVariant variant = delta ? AdsVariant::delta : AdsVariant::state_of_the_world;
  auto proxy = std::make_shared<Proxy>(runtime_.executor, variant, instance_, std::move(stream));
  bool opened = false;
  std::exception_ptr escaped;
  try {
    co_await read_all(proxy, variant, opened);
  } catch (...) {
    escaped = std::current_exception();
  }
  proxy->close();
  if (opened) {
    reconciler_.remove(proxy);
    proxy->subscription.disconnected = runtime_.clock.wall_now();
    runtime_.log.info(component, "proxy disconnected", {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}});
    if (!stopping_) {
      // By itself, for it must come about whatever ended the stream.
      spawn(runtime_.executor, runtime_.log, "insights", insights_.flush(proxy));
      spawn(runtime_.executor, runtime_.log, "lifecycle", lifecycle_.disconnected(proxy));
    }
  }
  if (escaped) std::rethrow_exception(escaped);
}

asio::awaitable<std::optional<std::string>> AdsServer::read_first(const Proxy& proxy) {
  auto first = co_await with_timeout(runtime_.timers, first_request_limit, proxy.stream.read());
  if (first) co_return std::move(*first);
  if (first.error().code != Code::deadline_exceeded) co_return std::nullopt;
  runtime_.log.warn(component, "stream without a request", {{"peer", to_string(proxy.stream.peer().address)}});
  proxy.stream.finish(GrpcCode::deadline_exceeded, "no discovery request came in time");
  co_return std::nullopt;
}

asio::awaitable<void> AdsServer::read_all(ProxyPtr proxy, AdsVariant variant, bool& opened) {
  policy::RequestFilter planted;
  if (planted_.request_filter) planted = planted_.request_filter();
  for (;;) {
    std::optional<std::string> bytes;
    if (opened)
      bytes = co_await proxy->stream.read();
    else
      bytes = co_await read_first(*proxy);
    if (!bytes) break;
    AdsActions actions;
    AdsNode node;
    std::optional<Error> broken;
    std::optional<DiscoveryRequest> request;
    std::optional<DeltaDiscoveryRequest> delta_request;
    if (variant == AdsVariant::delta) {
      auto decoded = decode_delta_request(*bytes);
      if (decoded) {
        node = decoded->node;
        delta_request = std::move(*decoded);
      } else {
        broken = decoded.error();
      }
    } else {
      auto decoded = decode_request(*bytes);
      if (decoded) {
        node = decoded->node;
        request = std::move(*decoded);
      } else {
        broken = decoded.error();
      }
    }
    if (broken) {
      proxy->stream.finish(to_status(*broken));
      break;
    }
    if (!opened) {
      bool taken = co_await open(proxy, node);
      if (!taken) break;
      // From here on there is something to clean up.
      opened = true;
      start(proxy);
    }
    if (proxy->closing) break;
    if (planted && request && !planted(*request)) continue;
    actions = request ? proxy->session.on_request(*request) : proxy->session.on_delta_request(*delta_request);
    if (actions.refused) {
      runtime_.log.warn(component, "stream refused",
                        {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}, {"error", actions.refused->message}});
      proxy->drop(to_status(*actions.refused));
      break;
    }
    if (actions.answer && actions.answer->rejection)
      runtime_.log.warn(component, "configuration rejected",
                        {{"mesh", proxy->key.mesh},
                         {"proxy", proxy->key.name},
                         {"type", actions.answer->type_url},
                         {"error", actions.answer->rejection->message}});
    reconciler_.deliver(proxy, std::move(actions));
  }
}

asio::awaitable<bool> AdsServer::open(const ProxyPtr& proxy, const AdsNode& node) {
  auto key = proxy_of_node(node.id);
  if (!key) {
    proxy->stream.finish(GrpcCode::invalid_argument, "invalid node ID: " + key.error().message);
    co_return false;
  }
  if (node.metadata_json.empty()) {
    proxy->stream.finish(GrpcCode::invalid_argument, "metadata in xDS Node cannot be nil");
    co_return false;
  }
  proxy->key = *key;
  proxy->metadata_json = node.metadata_json;
  proxy->metadata = NodeMetadata::from_json(node.metadata_json);
  const ProxyAuthenticator::Claim claim{proxy->metadata.proxy_type, *key, proxy->metadata.dataplane};
  auto known = co_await authenticator_.authenticate(claim, proxy->stream.metadata());
  if (!known) {
    runtime_.log.warn(component, "proxy not authenticated",
                      {{"mesh", key->mesh}, {"proxy", key->name}, {"error", known.error().message}});
    // Kuma's callbacks give a plain error, which its gRPC server reports as UNKNOWN.
    proxy->stream.finish(GrpcCode::unknown, known.error().message);
    co_return false;
  }
  const std::string& type = proxy->metadata.proxy_type;
  if (type != "dataplane" && type != "ingress" && type != "egress") {
    proxy->stream.finish(GrpcCode::invalid_argument, fmt::format("proxy type {} is not known", type));
    co_return false;
  }
  auto registered = co_await lifecycle_.connected(proxy);
  if (!registered) {
    runtime_.log.warn(component, "proxy refused",
                      {{"mesh", key->mesh}, {"proxy", key->name}, {"error", registered.error().message}});
    proxy->stream.finish(to_status(registered.error()));
    co_return false;
  }
  WallTime now = runtime_.clock.wall_now();
  proxy->subscription.id = make_uuid(runtime_.random);
  proxy->subscription.connected = now;
  proxy->subscription.updated = now;
  co_return true;
}

void AdsServer::start(const ProxyPtr& proxy) {
  runtime_.log.info(component, "proxy connected", {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}});
  reconciler_.add(proxy);
  spawn(runtime_.executor, runtime_.log, "ads.writer", write_all(proxy));
  spawn(runtime_.executor, runtime_.log, "insights", insights_.follow(proxy));
}

/// One coroutine writes, so that messages of requests and of changes do not mix.
asio::awaitable<void> AdsServer::write_all(ProxyPtr proxy) {
  while (!proxy->closing) {
    while (!proxy->queue.empty()) {
      AdsResponse response = std::move(proxy->queue.front());
      proxy->queue.pop_front();
      bool sent = co_await proxy->stream.write(std::move(response.bytes));
      if (!sent) co_return;
    }
    if (proxy->closing) break;
    proxy->wake.reset();
    co_await proxy->wake.wait();
  }
}

}  // namespace kumasim::cp
