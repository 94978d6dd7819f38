#include "tests/bench/ads_bed.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <stdexcept>

#include <envoy/service/discovery/v3/discovery.pb.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http2_exchange.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp::bench {
namespace {

using Json = nlohmann::json;

double cpu_now() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

ManagerOptions manager_options(const Config& config) {
  ManagerOptions out;
  out.labels.zone = config.zone_name;
  out.labels.environment = config.environment;
  return out;
}

Json mesh_body() {
  return {
      {"type", "Mesh"},
      {"name", "perf"},
      {"skipCreatingInitialPolicies", {"*"}},
      {"meshServices", {{"mode", "Disabled"}}},
      {"mtls", {{"enabledBackend", "ca-1"}, {"backends", Json::array({Json{{"name", "ca-1"}, {"type", "builtin"}}})}}}};
}

Json permission_body() {
  Json all = {{"kind", "Mesh"}};
  Json from = {{"targetRef", all}, {"default", {{"action", "Allow"}}}};
  return {{"type", "MeshTrafficPermission"},
          {"mesh", "perf"},
          {"name", "allow"},
          {"spec", {{"targetRef", all}, {"from", Json::array({from})}}}};
}

}  // namespace

/// A proxy's end of its stream: protocol state of an Envoy, no more.
struct AdsBed::Client {
  ProxyPtr proxy;
  std::vector<std::string> out;  ///< requests on their way
  std::map<std::string, std::vector<std::string>, std::less<>> names;
  std::map<std::string, std::string, std::less<>> version, nonce;
  bool opened = false;
};

/// The members of ControlPlane::State that this takes.
struct AdsBed::Parts {
  explicit Parts(Runtime& given)
      : runtime(given),
        authorities(*store, runtime.clock, runtime.log,
                    {.ca_key = key_spec(config.ca_key), .signing_key = key_spec(config.signing_key)}),
        manager(*store, runtime.clock, &authorities, manager_options(config)),
        reconciler(runtime, config, store, authorities),
        insights(runtime, config, store, "bench"),
        lifecycle(runtime, config, manager, reconciler, insights) {}

  asio::awaitable<void> start() {
    auto started = co_await reconciler.start();
    if (!started) throw std::runtime_error(started.error().message);
    spawn(runtime.executor, runtime.log, "reconciler", reconciler.run());
    spawn(runtime.executor, runtime.log, "rotation", reconciler.rotate());
  }

  asio::awaitable<void> write(Json body) {
    auto resource = resource_from_json(body);
    if (!resource) throw std::runtime_error(resource.error().message);
    auto held = co_await store->get(*resource->kind, resource->key());
    if (held) resource->meta.version = (*held)->meta.version;
    auto done = held ? co_await manager.update(std::move(*resource)) : co_await manager.create(std::move(*resource));
    if (!done) throw std::runtime_error(done.error().error.message);
  }

  /// What AdsServer does with the messages of a stream.
  asio::awaitable<void> serve(Client* client, std::vector<std::string> requests, AdsVariant variant) {
    for (const std::string& bytes : requests) {
      auto world = variant == AdsVariant::delta ? Result<DiscoveryRequest>() : decode_request(bytes);
      auto delta = variant == AdsVariant::delta ? decode_delta_request(bytes) : Result<DeltaDiscoveryRequest>();
      if (!world || !delta) throw std::runtime_error("undecodable request");
      if (!client->opened) co_await open(*client, variant == AdsVariant::delta ? delta->node : world->node);
      client->opened = true;
      AdsSession& session = client->proxy->session;
      AdsActions actions = variant == AdsVariant::delta ? session.on_delta_request(*delta) : session.on_request(*world);
      if (actions.answer && actions.answer->rejection) throw std::runtime_error("a response was rejected");
      reconciler.deliver(client->proxy, std::move(actions));
    }
  }

  asio::awaitable<void> open(Client& client, const AdsNode& node) {
    const ProxyPtr& proxy = client.proxy;
    proxy->key = {"perf", node.id.substr(node.id.find('.') + 1)};
    proxy->metadata_json = node.metadata_json;
    proxy->metadata = NodeMetadata::from_json(node.metadata_json);
    auto registered = co_await lifecycle.connected(proxy);
    if (!registered) throw std::runtime_error(registered.error().message);
    proxy->subscription.id = proxy->key.name;
    proxy->subscription.connected = runtime.clock.wall_now();
    proxy->subscription.updated = proxy->subscription.connected;
    reconciler.add(proxy);
    spawn(runtime.executor, runtime.log, "insights", insights.follow(proxy));
  }

  /// A failure is kept for who drives the world: exceptions of tasks are only logged.
  void run(asio::awaitable<void> task) {
    asio::co_spawn(runtime.executor, std::move(task), [this](std::exception_ptr escaped) {
      if (escaped && !failure) failure = escaped;
    });
  }

  Runtime runtime;
  Config config;
  std::shared_ptr<Store> store = std::make_shared<MemoryStore>();
  MeshAuthorities authorities;
  Manager manager;
  Reconciler reconciler;
  Insights insights;
  Lifecycle lifecycle;
  std::vector<std::unique_ptr<Client>> clients;
  std::exception_ptr failure;
};

AdsBed::AdsBed(Shape shape) : shape_(shape), world_(std::make_unique<sim::World>()) {
  process_ = &world_->add_process("kuma-cp");
  process_->start([this](Runtime& runtime) {
    auto parts = std::make_shared<Parts>(runtime);
    parts_ = parts.get();
    process_->keep(parts);
    parts_->run(parts_->start());
  });
  Cost setup;
  wait(std::chrono::milliseconds(1));
  for (const Json& body : {mesh_body(), permission_body()}) write(body);
  if (shape_.brings_dataplane) return;
  for (int i = 0; i < shape_.proxies; ++i) parts_->run(parts_->write(dataplane(i)));
  converse(setup);
}

AdsBed::~AdsBed() = default;

template <class Act>
void AdsBed::measure(Cost& cost, Act act) {
  auto wall = std::chrono::steady_clock::now();
  double cpu = cpu_now();
  act();
  cost.cpu += cpu_now() - cpu;
  cost.wall += std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  if (parts_ && parts_->failure) std::rethrow_exception(parts_->failure);
}

Cost AdsBed::connect() {
  Cost cost;
  for (int i = 0; i < shape_.proxies; ++i) {
    auto exchange =
        std::make_shared<Http2Exchange>(parts_->runtime.executor, 1, Http2Exchange::Form::messages, 1 << 20);
    auto client = std::make_unique<Client>();
    client->proxy = std::make_shared<Proxy>(parts_->runtime.executor, shape_.variant, "bench",
                                            GrpcServerStream(exchange, HttpPeer{}));
    client->out.push_back(first_request(i));
    client->names[std::string(type_url::cluster)] = {};
    parts_->clients.push_back(std::move(client));
  }
  converse(cost);
  return cost;
}

Cost AdsBed::write(const Json& body) {
  Cost cost;
  measure(cost, [&] { parts_->run(parts_->write(body)); });
  converse(cost);
  return cost;
}

Cost AdsBed::wait(Duration time) {
  Cost cost;
  measure(cost, [&] { world_->run_for(time); });
  return cost;
}

/// Turns of the control plane, each a little longer than its batch interval, and of the proxies, until nobody has
/// anything to say.
void AdsBed::converse(Cost& cost) {
  for (bool more = true; more;) {
    measure(cost, [&] {
      for (auto& client : parts_->clients)
        if (!client->out.empty())
          parts_->run(parts_->serve(client.get(), std::exchange(client->out, {}), shape_.variant));
      world_->run_for(parts_->config.batch_interval + std::chrono::milliseconds(1));
    });
    more = !parts_->reconciler.idle();
    for (auto& client : parts_->clients) {
      answer(*client);
      more = more || !client->out.empty();
    }
  }
}

void AdsBed::answer(Client& client) {
  std::map<std::string, bool> seen;
  bool marked = false;
  while (!client.proxy->queue.empty()) {
    AdsResponse response = std::move(client.proxy->queue.front());
    client.proxy->queue.pop_front();
    ++received_.responses;
    if (!std::exchange(seen[response.type_url], true)) ++received_.proxies[response.type_url];
    for (const auto& slice : response.bytes) {
      received_.bytes += slice->size();
      marked = marked || (!marker_.empty() && slice->find(marker_) != std::string::npos);
    }
    acknowledge(client, response);
    // An Envoy with these clusters and listeners asks for what they name: all that there is in the snapshot.
    auto ask_all = [&](std::string_view url) {
      std::vector<std::string> names;
      for (const auto& [name, resource] : client.proxy->snapshot->of(url)) names.push_back(name);
      if (!names.empty() && !client.names.contains(url)) ask(client, url, std::move(names));
    };
    if (response.type_url == type_url::cluster) {
      ask_all(type_url::endpoint);
      ask_all(type_url::secret);
      if (!client.names.contains(type_url::listener)) ask(client, type_url::listener, {});
    } else if (response.type_url == type_url::listener) {
      ask_all(type_url::route);
    }
  }
  if (marked) ++received_.marked;
}

void AdsBed::ask(Client& client, std::string_view url, std::vector<std::string> names) {
  client.names[std::string(url)] = names;
  if (shape_.variant == AdsVariant::delta) {
    envoy::service::discovery::v3::DeltaDiscoveryRequest request;
    request.set_type_url(std::string(url));
    request.mutable_resource_names_subscribe()->Assign(names.begin(), names.end());
    client.out.push_back(request.SerializeAsString());
    return;
  }
  envoy::service::discovery::v3::DiscoveryRequest request;
  request.set_type_url(std::string(url));
  request.mutable_resource_names()->Assign(names.begin(), names.end());
  client.out.push_back(request.SerializeAsString());
}

void AdsBed::acknowledge(Client& client, const AdsResponse& response) {
  if (shape_.variant == AdsVariant::delta) {
    envoy::service::discovery::v3::DeltaDiscoveryRequest request;
    request.set_type_url(response.type_url);
    request.set_response_nonce(response.nonce);
    client.out.push_back(request.SerializeAsString());
    return;
  }
  const auto& names = client.names[response.type_url];
  envoy::service::discovery::v3::DiscoveryRequest request;
  request.set_type_url(response.type_url);
  request.set_version_info(response.version);
  request.set_response_nonce(response.nonce);
  request.mutable_resource_names()->Assign(names.begin(), names.end());
  client.out.push_back(request.SerializeAsString());
}

bool AdsBed::settled() const {
  return std::ranges::all_of(parts_->clients, [](const auto& client) {
    return client->proxy->snapshot && client->proxy->session.settled() && client->names.contains(type_url::listener) &&
           client->names.contains(type_url::secret) && client->names.contains(type_url::endpoint);
  });
}

bool AdsBed::reaches(int proxy, int service) const {
  return (service - proxy % shape_.services + shape_.services) % shape_.services < shape_.outbounds;
}

int AdsBed::users(int service) const {
  int count = 0;
  for (int i = 0; i < shape_.proxies; ++i) count += reaches(i, service) ? 1 : 0;
  return count;
}

const ReconcilerCounts& AdsBed::counts() const { return parts_->reconciler.counts(); }

Json AdsBed::dataplane(int number) const {
  Json outbounds = Json::array();
  for (int j = 0; j < shape_.outbounds; ++j)
    outbounds.push_back({{"port", 10080 + j},
                         {"tags", {{"kuma.io/service", fmt::format("service-{}", (number + j) % shape_.services)}}}});
  Json inbound = {
      {"port", 8080},
      {"tags",
       {{"kuma.io/service", fmt::format("service-{}", number % shape_.services)}, {"kuma.io/protocol", "http"}}}};
  return {{"type", "Dataplane"},
          {"mesh", "perf"},
          {"name", fmt::format("dp-{}", number)},
          {"networking",
           {{"address", fmt::format("127.10.{}.{}", number / 250, number % 250 + 1)},
            {"inbound", Json::array({inbound})},
            {"outbound", outbounds}}}};
}

std::string AdsBed::first_request(int number) const {
  Json metadata = {{"dataplane.proxyType", "dataplane"},
                   {"dataplane.admin.port", "9901"},
                   {"dataplane.admin.address", "127.0.0.1"},
                   {"dataplane.readinessReporter.port", "9902"},
                   {"dataplane.dns.port", "15054"},
                   {"workdir", fmt::format("/tmp/kuma-dp-{}", number)},
                   {"systemCaPath", "/etc/ssl/certs/ca-certificates.crt"},
                   {"features", {"feature-readiness-unix-socket", "feature-tcp-accesslog-via-named-pipe"}},
                   {"version", {{"kumaDp", {{"version", "2.12.14"}}}, {"envoy", {{"version", "1.35.12"}}}}}};
  if (shape_.brings_dataplane) metadata["dataplane.resource"] = dataplane(number).dump();
  envoy::config::core::v3::Node node;
  node.set_id(fmt::format("perf.dp-{}", number));
  node.set_cluster(fmt::format("service-{}", number % shape_.services));
  if (!google::protobuf::util::JsonStringToMessage(metadata.dump(), node.mutable_metadata()).ok())
    throw std::runtime_error("metadata");
  if (shape_.variant == AdsVariant::delta) {
    envoy::service::discovery::v3::DeltaDiscoveryRequest request;
    *request.mutable_node() = node;
    request.set_type_url(std::string(type_url::cluster));
    return request.SerializeAsString();
  }
  envoy::service::discovery::v3::DiscoveryRequest request;
  *request.mutable_node() = node;
  request.set_type_url(std::string(type_url::cluster));
  return request.SerializeAsString();
}

}  // namespace kumasim::cp::bench
