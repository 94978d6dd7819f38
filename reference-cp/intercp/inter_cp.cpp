#include "reference-cp/intercp/inter_cp.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <kuma/inter_cp_ping.pb.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/identity/admin_certificates.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/kds/envoy_admin_messages.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::intercp {
namespace {

namespace api = ::kuma::system::v1alpha1;

constexpr std::string_view component = "inter-cp";
constexpr std::string_view ping_method = "/kuma.system.v1alpha1.InterCpPingService/Ping";
constexpr std::string_view forward_service = "/kuma.mesh.v1alpha1.InterCPEnvoyAdminForwardService/";
/// A leader that cannot be reached is asked less and less often.
constexpr Duration heartbeat_pause_max = std::chrono::minutes(1);
constexpr Duration ca_pause = std::chrono::seconds(1);

std::string_view method_name(kds::ZoneStream stream) {
  if (stream == kds::ZoneStream::config_dump) return "XDSConfig";
  return stream == kds::ZoneStream::stats ? "Stats" : "Clusters";
}

/// As Kuma names them in errors.
std::string_view operation_name(kds::ZoneStream stream) {
  return stream == kds::ZoneStream::config_dump ? "XDS Config Dump" : method_name(stream);
}

std::optional<kds::ZoneStream> forwarded_stream(std::string_view path) {
  for (auto stream : {kds::ZoneStream::config_dump, kds::ZoneStream::stats, kds::ZoneStream::clusters})
    if (path.starts_with(forward_service) && path.substr(forward_service.size()) == method_name(stream)) return stream;
  return std::nullopt;
}

std::string zone_of(const Resource& proxy) {
  std::string zone = proxy.meta.label("kuma.io/zone");
  return zone.empty() ? proxy.meta.name.substr(0, proxy.meta.name.find('.')) : zone;
}

}  // namespace

InterCp::InterCp(const Runtime& runtime, Store& store, InterCpOptions options)
    : runtime_(runtime), store_(store), options_(std::move(options)), catalog_(store, runtime.clock) {}

InterCp::~InterCp() = default;

asio::awaitable<Result<std::shared_ptr<const TlsContext>>> InterCp::prepare() {
  Result<ResourcePtr> secret = fail(Code::not_found, "");
  for (;;) {
    secret = co_await store_.get(kind::global_secret(), {"", control_plane_ca_secret});
    if (secret) break;
    if (secret.error().code != Code::not_found) co_return fail(secret.error());
    co_await sleep(runtime_.timers, ca_pause);
  }
  auto ca = read_ca_secret(**secret);
  if (!ca) co_return fail(ca.error());
  auto issuer = Issuer::read(*ca);
  if (!issuer) co_return fail(issuer.error());
  auto make = [&](bool for_client) {
    return make_server({.hosts = {options_.self.address},
                        .key = options_.key,
                        .now = runtime_.clock.wall_now(),
                        .issuer = &*issuer,
                        .for_client = for_client},
                       runtime_.random);
  };
  auto server = make(false), client = make(true);
  if (!server) co_return fail(server.error());
  if (!client) co_return fail(client.error());
  auto client_tls = TlsContext::create({.role = TlsRole::client,
                                        .certificate_pem = client->certificate_pem,
                                        .key_pem = client->key_pem,
                                        .trust_pem = ca->certificate_pem,
                                        .alpn = {"h2"}});
  if (!client_tls) co_return fail(client_tls.error());
  client_tls_ = std::move(*client_tls);
  TlsOptions tls = options_.server_tls;
  tls.role = TlsRole::server;
  tls.certificate_pem = server->certificate_pem;
  tls.key_pem = server->key_pem;
  tls.trust_pem = ca->certificate_pem;
  tls.peer = TlsPeerCheck::required;
  tls.alpn = {"h2"};
  auto server_tls = TlsContext::create(tls);
  if (!server_tls) co_return fail(server_tls.error());
  co_return std::make_shared<const TlsContext>(std::move(*server_tls));
}

asio::awaitable<void> InterCp::serve(GrpcServerStream stream) {
  const auto forwarded = forwarded_stream(stream.path());
  if (!forwarded && stream.path() != ping_method) {
    stream.finish(GrpcCode::unimplemented, fmt::format("unknown method {}", stream.path()));
    co_return;
  }
  if (forwarded) {
    stream.finish(co_await answer_forwarded(stream, *forwarded));
    co_return;
  }
  auto request = co_await stream.read();
  if (!request) co_return;
  co_await stream.write(co_await ping(std::move(*request)));
}

asio::awaitable<std::string> InterCp::ping(std::string bytes) {
  api::PingRequest request;
  if (request.ParseFromString(bytes) && !request.instance_id().empty()) {
    if (request.ready())
      alive_[request.instance_id()] = {.id = request.instance_id(),
                                       .address = request.address(),
                                       .port = static_cast<std::uint16_t>(request.inter_cp_port())};
    else
      alive_.erase(request.instance_id());
  }
  api::PingResponse response;
  response.set_leader(options_.leads());
  co_return deterministic_bytes(response);
}

asio::awaitable<void> InterCp::run_writer() {
  alive_.clear();
  // The others stay in it until the first round: they have not spoken to this one yet.
  auto first = co_await catalog_.set_leader(options_.self);
  if (!first) runtime_.log.warn(component, "leader not written", {{"error", first.error().message}});
  for (;;) {
    co_await sleep(runtime_.timers, options_.writer_interval);
    Instance self = options_.self;
    self.leader = true;
    std::vector<Instance> all{self};
    for (auto& [id, instance] : std::exchange(alive_, {}))
      if (id != self.id) all.push_back(std::move(instance));
    auto written = co_await catalog_.replace(std::move(all));
    if (!written) runtime_.log.warn(component, "catalog not written", {{"error", written.error().message}});
  }
}

asio::awaitable<void> InterCp::run_heartbeat() {
  for (;;) {
    const Duration pause = std::min<Duration>(options_.heartbeat_interval * (1 << std::min(failures_, 10)),
                                              std::max<Duration>(heartbeat_pause_max, options_.heartbeat_interval));
    co_await sleep(runtime_.timers, pause);
    auto told = co_await heartbeat(true);
    failures_ = told ? 0 : failures_ + 1;
    if (!told)
      runtime_.log.info(component, "leader not told", {{"error", told.error().message}, {"failures", failures_}});
  }
}

asio::awaitable<Result<>> InterCp::heartbeat(bool ready) {
  if (!leader_ || failures_ > 0) {
    auto known = co_await catalog_.list();
    if (!known) co_return fail(known.error());
    auto leader = std::ranges::find_if(*known, &Instance::leader);
    if (leader == known->end()) co_return Result<>();  // it will be there
    leader_ = *leader;
  }
  if (leader_->id == options_.self.id) {
    if (!options_.leads()) leader_.reset();
    co_return Result<>();
  }
  api::PingRequest request;
  request.set_instance_id(options_.self.id);
  request.set_address(options_.self.address);
  request.set_inter_cp_port(options_.self.port);
  request.set_ready(ready);
  auto bytes = co_await call(*leader_, std::string(ping_method), deterministic_bytes(request));
  if (!bytes) co_return fail(bytes.error());
  api::PingResponse response;
  if (!response.ParseFromString(*bytes) || !response.leader()) leader_.reset();
  co_return Result<>();
}

asio::awaitable<void> InterCp::leave() {
  if (options_.leads())
    (void)co_await catalog_.drop_leader(options_.self.id);
  else if (client_tls_)
    (void)co_await heartbeat(false);
}

asio::awaitable<Result<std::string>> InterCp::call(Instance instance, std::string method, std::string request) {
  if (!client_tls_) co_return fail(Code::unavailable, "tls config is not yet set");
  std::shared_ptr<GrpcClient> client;
  if (auto found = clients_.find(instance.id); found != clients_.end() && found->second->connected())
    client = found->second;
  if (!client) {
    auto made = co_await GrpcClient::connect(runtime_, {instance.address, instance.port}, {.tls = &*client_tls_});
    if (!made) co_return fail(made.error());
    client = std::make_shared<GrpcClient>(std::move(*made));
    std::erase_if(clients_, [](const auto& each) { return !each.second->connected(); });
    clients_[instance.id] = client;
  }
  co_return co_await client->call(std::move(method), std::move(request), call_duration_max);
}

asio::awaitable<Result<std::string>> InterCp::holder_of(std::string zone, kds::ZoneStream stream) {
  auto insight = co_await store_.get(kind::zone_insight(), {"", zone});
  if (!insight) co_return fail(insight.error());
  const nlohmann::json& spec = (*insight)->spec;
  bool online = false;
  if (const auto& subscriptions = at(spec, "subscriptions"); subscriptions.is_array())
    online = std::ranges::any_of(subscriptions, [](const auto& each) { return !has(each, "disconnectTime"); });
  if (!online)
    co_return fail(Code::invalid_argument,
                   fmt::format("couldn't execute {} operation, zone is offline", operation_name(stream)));
  std::string id = text_at(at(at(spec, "kdsStreams"), kds::to_string(stream)), "globalInstanceId");
  if (id.empty())
    co_return fail(Code::invalid_argument,
                   fmt::format("stream to execute {} operations is not yet connected", operation_name(stream)));
  co_return id;
}

asio::awaitable<Result<std::string>> InterCp::ask_envoy(ResourcePtr proxy, std::string target) {
  auto stream = kds::admin_stream_of(target);
  if (!stream) co_return fail(stream.error());
  auto holder = co_await holder_of(zone_of(*proxy), *stream);
  if (!holder) co_return fail(holder.error());
  if (*holder == options_.self.id) co_return co_await options_.ask_here(std::move(proxy), std::move(target));
  co_return co_await forward(std::move(*holder), std::move(proxy), std::move(target), *stream);
}

asio::awaitable<Result<std::string>> InterCp::forward(std::string id, ResourcePtr proxy, std::string target,
                                                      kds::ZoneStream stream) {
  auto known = co_await catalog_.list();
  if (!known) co_return fail(known.error());
  auto instance = std::ranges::find(*known, id, &Instance::id);
  if (instance == known->end()) co_return fail(Code::invalid_argument, fmt::format("instance not found: {}", id));
  kds::AdminRequest request{.id = {}, .type = proxy->kind->type(), .proxy = proxy->key(), .target = std::move(target)};
  auto bytes =
      co_await call(*instance, fmt::format("{}{}", forward_service, method_name(stream)), kds::encode(request));
  if (!bytes) co_return fail(bytes.error());
  auto answer = kds::decode_admin_answer(stream, *bytes);
  if (!answer) co_return fail(answer.error());
  if (!answer->body) co_return fail(Code::invalid_argument, answer->body.error().message);
  co_return std::move(*answer->body);
}

asio::awaitable<Result<ResourcePtr>> InterCp::proxy_of(std::string type, ResourceKey key) {
  const Kind* kind = find_kind(type);
  if (kind == nullptr || !kind->table().is_proxy) co_return fail(Code::invalid_argument, "invalid resource type");
  co_return co_await store_.get(*kind, std::move(key));
}

asio::awaitable<GrpcStatus> InterCp::answer_forwarded(const GrpcServerStream& stream, kds::ZoneStream kind) {
  auto bytes = co_await stream.read();
  if (!bytes) co_return GrpcStatus{GrpcCode::invalid_argument, "there is no request"};
  auto request = kds::decode_admin_request(kind, *bytes);
  if (!request) co_return to_status(request.error());
  auto proxy = co_await proxy_of(request->type, request->proxy);
  if (!proxy) co_return to_status(proxy.error());
  kds::AdminAnswer answer{.id = {}, .body = co_await options_.ask_here(*proxy, request->target)};
  co_await stream.write(kds::encode(kind, answer));
  co_return GrpcStatus{};
}

}  // namespace kumasim::cp::intercp
