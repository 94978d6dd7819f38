#include "sim/envoy/envoy_process.hpp"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <deque>

#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/grpc.hpp"
#include "kumasim/transport/tls.hpp"

namespace kumasim::sim {
namespace {

constexpr auto component = "envoy.ads";
/// Envoy: SubscriptionFactory::RetryInitialDelayMs and RetryMaxDelayMs.
constexpr Duration reconnect_first = std::chrono::milliseconds(500);
constexpr Duration reconnect_max = std::chrono::seconds(30);
/// Envoy: HdsDelegate::RetryInitialDelayMilliseconds; its highest delay is the same as above.
constexpr Duration health_retry_first = std::chrono::seconds(1);
/// What was sent before the end of a stream arrives before it.
constexpr Duration hang_up_delay = std::chrono::milliseconds(50);
constexpr auto health_path = "/envoy.service.health.v3.HealthDiscoveryService/StreamHealthCheck";

/// One of the matchers must fit, as Envoy's validation context wants it. Names in IP form are left to the name check.
bool server_accepted(const proxy::AdsServer& server, const TlsPeer& peer) {
  if (server.sans.empty()) return true;
  return std::any_of(server.sans.begin(), server.sans.end(), [&](const proxy::SanMatch& san) {
    const auto& names = san.kind == proxy::SanMatch::Kind::uri ? peer.uri_sans : peer.dns_sans;
    return std::any_of(names.begin(), names.end(), [&](const auto& name) { return san.match.matches(name); });
  });
}

}  // namespace

struct EnvoyProcess::Conversation {
  Conversation(GrpcClientStream s, asio::any_io_executor executor) : stream(std::move(s)), wake(std::move(executor)) {}
  GrpcClientStream stream;
  Event wake;
  std::deque<std::string> out;
  bool over = false;
};

Result<std::shared_ptr<EnvoyProcess>> EnvoyProcess::start(proxy::Fabric& fabric, Process& process,
                                                          const std::string& bootstrap, EnvoyOptions options) {
  auto parsed = proxy::Bootstrap::parse(bootstrap);
  if (!parsed) return fail(parsed.error());
  auto envoy = std::make_shared<EnvoyProcess>(fabric, process, std::move(*parsed), std::move(options));
  auto& state = envoy->proxy_.config();
  auto add = [&](proxy::Type type, const std::vector<std::string>& resources) -> Result<> {
    for (const auto& bytes : resources) {
      ::google::protobuf::Any any;
      any.ParseFromString(bytes);
      if (auto ok = state.add_static(type, any); !ok)
        return fail(Code::invalid_argument, ok.error(), "static_resources");
    }
    return {};
  };
  if (auto ok = add(proxy::Type::secret, envoy->bootstrap_.secrets); !ok) return fail(ok.error());
  if (auto ok = add(proxy::Type::cluster, envoy->bootstrap_.clusters); !ok) return fail(ok.error());
  if (auto ok = add(proxy::Type::listener, envoy->bootstrap_.listeners); !ok) return fail(ok.error());
  process.keep(envoy);
  auto* raw = envoy.get();
  if (raw->bootstrap_.ads)
    spawn(raw->runtime_.executor, raw->runtime_.log, component, raw->run());
  else
    state.no_discovery();
  return envoy;
}

EnvoyProcess::EnvoyProcess(proxy::Fabric& fabric, Process& process, proxy::Bootstrap bootstrap, EnvoyOptions options)
    : bootstrap_(std::move(bootstrap)),
      runtime_(process.runtime()),
      on_event_(std::move(options.on_event)),
      on_message_(std::move(options.on_message)),
      bugs_(options.bugs),
      fabric_(fabric),
      process_(process),
      proxy_(fabric, process, {.name = options.name, .drain_time = options.drain_time}),
      ads_(proxy_.config(), {bootstrap_.delta, bootstrap_.node_on_first_message_only, bootstrap_.node,
                             options.bugs.forgets_refused_clusters}),
      health_(fabric, process, bootstrap_.node, [this] { return live(); }) {
  proxy_.set_on_moved([this] { say(ads_.poll()); });
}

EnvoyProcess::~EnvoyProcess() = default;

void EnvoyProcess::say(proxy::AdsClient::Messages messages) {
  if (filter_)
    (void)carry_out(filter_->outgoing(std::move(messages), runtime_.clock.now()));
  else
    write(std::move(messages));
}

void EnvoyProcess::write(std::vector<std::string> messages) {
  if (!conversation_ || messages.empty()) return;
  for (auto& message : messages) {
    if (on_message_) on_message_({.sent = true, .delta = bootstrap_.delta, .bytes = message});
    conversation_->out.push_back(std::move(message));
  }
  conversation_->wake.set();
}

bool EnvoyProcess::take(const std::string& message) {
  auto acks = ads_.acks(), nacks = ads_.nacks();
  auto answers = ads_.on_message(message);
  if (ads_.acks() != acks) tell(EnvoyEvent::Kind::acked);
  if (ads_.nacks() != nacks) tell(EnvoyEvent::Kind::nacked);
  if (bugs_.cut_by_rotation && certificate_changed())
    for (const auto& other : process_.world().processes()) fabric_.reset(process_, *other);
  if (!answers) return false;
  say(std::move(*answers));
  return true;
}

bool EnvoyProcess::carry_out(proxy::DiscoveryActions actions) {
  bool good = true;
  for (const auto& message : actions.receive) good = take(message) && good;
  for (auto type : actions.ask_again) say(ads_.again(type));
  write(std::move(actions.send));
  for (auto at : actions.wake) spawn(runtime_.executor, runtime_.log, component, wake_filter(at));
  if (actions.hang_up && conversation_) spawn(runtime_.executor, runtime_.log, component, hang_up(conversation_));
  return good;
}

asio::awaitable<void> EnvoyProcess::wake_filter(MonotonicTime at) {
  co_await sleep(runtime_.timers, at - runtime_.clock.now());
  (void)carry_out(filter_->on_time(runtime_.clock.now()));
}

asio::awaitable<void> EnvoyProcess::hang_up(std::weak_ptr<Conversation> conversation) {
  co_await sleep(runtime_.timers, hang_up_delay);
  if (auto open = conversation.lock(); open && open == conversation_) open->stream.cancel();
}

proxy::DiscoveryFilter& EnvoyProcess::filter() {
  if (filter_) return *filter_;
  std::set<std::string> secrets;
  for (const auto& [name, secret] : config().secrets())
    if (secret.value) secrets.insert(name);
  return filter_.emplace(bootstrap_.delta, std::move(secrets));
}

void EnvoyProcess::set_discovery_faults(proxy::DiscoveryFaults faults) {
  proxy_.config().hold_removals(faults.removals_lost);
  proxy_.config().show_identity(faults.identity);
  (void)carry_out(filter().set(std::move(faults), runtime_.clock.now()));
  say(ads_.poll());
}

void EnvoyProcess::ask_unknown() { (void)carry_out(filter().ask_unknown()); }

proxy::ChainPtr EnvoyProcess::identity() const {
  for (const auto& [name, secret] : config().secrets())
    if (secret.value && secret.value->certificate && secret.value->certificate->is_workload())
      return secret.value->certificate;
  return nullptr;
}

bool EnvoyProcess::certificate_changed() {
  auto held = identity();
  if (!held || held->serial == certificate_) return false;
  return !std::exchange(certificate_, held->serial).empty();
}

void EnvoyProcess::tell(EnvoyEvent::Kind kind) {
  if (!on_event_) return;
  EnvoyEvent event{.kind = kind};
  if (kind == EnvoyEvent::Kind::acked || kind == EnvoyEvent::Kind::nacked) {
    std::string_view url = proxy::type_url(ads_.last_answered());
    event.type = url.substr(url.rfind('.') + 1);
  }
  on_event_(std::move(event));
}

/// Connects again for ever, with a fully jittered delay that doubles and is reset by a stream that worked.
asio::awaitable<void> EnvoyProcess::run() {
  auto ceiling = reconnect_first;
  for (;;) {
    bool worked = co_await converse();
    if (conversation_) tell(EnvoyEvent::Kind::disconnected);
    conversation_ = nullptr;
    ads_.on_disconnected();
    if (filter_) filter_->on_disconnected();
    proxy_.stats().set("control_plane.connected_state", 0);
    if (worked) ceiling = reconnect_first;
    auto wait = Duration(static_cast<std::int64_t>(runtime_.random.below(static_cast<std::uint64_t>(ceiling.count()))));
    ceiling = std::min(ceiling * 2, reconnect_max);
    co_await sleep(runtime_.timers, wait);
  }
}

/// One stream from connect to its end; true where a response came.
asio::awaitable<bool> EnvoyProcess::converse() {
  const auto& server = *bootstrap_.ads;
  auto& stats = proxy_.stats();
  auto failed = [&](const std::string& why) {
    stats.add("cluster_manager.cds.update_failure");
    runtime_.log.debug(component, "no stream to the control plane", {{"node", bootstrap_.node_id}, {"error", why}});
  };
  auto connect = [](Runtime& runtime, const proxy::AdsServer& to) -> asio::awaitable<Stream> {
    auto stream = co_await runtime.network.connect({to.host, to.port});
    if (!to.tls) co_return stream;
    auto context = TlsContext::create({.role = TlsRole::client,
                                       .certificate_pem = to.certificate_pem,
                                       .key_pem = to.key_pem,
                                       .trust_pem = to.trust_pem,
                                       .peer = to.trust_pem.empty() ? TlsPeerCheck::none : TlsPeerCheck::required,
                                       .verify_host = false,
                                       .alpn = {"h2"}});
    if (!context) throw boost::system::system_error(asio::error::invalid_argument, context.error().message);
    co_return co_await tls_connect(std::move(stream), *context, runtime.clock,
                                   to.server_name.empty() ? to.host : to.server_name);
  };
  auto stream = co_await with_timeout(runtime_.timers, server.connect_timeout, connect(runtime_, server));
  if (!stream) {
    failed(stream.error().message);
    co_return false;
  }
  if (auto peer = tls_peer(*stream); peer && !server_accepted(server, *peer)) {
    failed("the server's certificate has none of the expected names");
    co_return false;
  }
  // Stands for the TCP keepalive of Kuma's bootstrap (idle 10 s, three probes 10 s apart): a way that was cut is
  // noticed.
  GrpcLimits limits;
  limits.http2.keepalive_interval = std::chrono::seconds(10);
  limits.http2.keepalive_timeout = std::chrono::seconds(30);
  auto client = std::make_shared<GrpcClient>(std::move(*stream), runtime_.timers, runtime_.log, server.host, limits);
  auto path = bootstrap_.delta ? "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
                               : "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
  kumasim::Headers metadata;
  for (const auto& [name, value] : server.metadata) metadata.add(name, value);
  auto call = client->open(path, std::move(metadata));
  if (!call) {
    failed(call.error().message);
    co_return false;
  }
  auto conversation = std::make_shared<Conversation>(std::move(*call), runtime_.executor);
  conversation_ = conversation;
  stats.set("control_plane.connected_state", 1);
  tell(EnvoyEvent::Kind::connected);
  say(ads_.on_connected());
  spawn(runtime_.executor, runtime_.log, component, write_all(conversation));
  if (bootstrap_.hds) spawn(runtime_.executor, runtime_.log, "envoy.hds", discover_health(client));
  bool worked = false;
  const char* why = "the stream ended";
  while (auto message = co_await conversation->stream.read()) {
    if (on_message_) on_message_({.sent = false, .delta = bootstrap_.delta, .bytes = *message});
    bool good = filter_ ? carry_out(filter_->incoming(std::move(*message), runtime_.clock.now())) : take(*message);
    if (!good) {
      why = "a response does not decode";
      conversation->stream.cancel();
      break;
    }
    worked = true;
  }
  conversation->over = true;
  conversation->wake.set();
  client->close();
  failed(why);
  co_return worked;
}

asio::awaitable<void> EnvoyProcess::write_all(std::shared_ptr<Conversation> conversation) {
  auto& c = *conversation;
  while (!c.over) {
    co_await c.wake.wait();
    c.wake.reset();
    while (!c.out.empty() && !c.over) {
      auto message = std::move(c.out.front());
      c.out.pop_front();
      if (!co_await c.stream.write(std::move(message))) co_return;
    }
  }
}

asio::awaitable<void> EnvoyProcess::discover_health(std::shared_ptr<GrpcClient> client) {
  auto ceiling = health_retry_first;
  while (client->connected()) {
    kumasim::Headers metadata;
    for (const auto& [name, value] : bootstrap_.hds_metadata) metadata.add(name, value);
    auto call = client->open(health_path, std::move(metadata));
    if (!call) co_return;
    auto conversation = std::make_shared<Conversation>(std::move(*call), runtime_.executor);
    health_.on_stream([weak = std::weak_ptr(conversation)](std::string message) {
      auto open = weak.lock();
      if (!open) return;
      open->out.push_back(std::move(message));
      open->wake.set();
    });
    spawn(runtime_.executor, runtime_.log, "envoy.hds", write_all(conversation));
    while (auto message = co_await conversation->stream.read()) {
      if (!health_.on_message(*message)) {
        conversation->stream.cancel();
        break;
      }
      ceiling = health_retry_first;
    }
    health_.on_stream_end();
    conversation->over = true;
    conversation->wake.set();
    auto wait = Duration(static_cast<std::int64_t>(runtime_.random.below(static_cast<std::uint64_t>(ceiling.count()))));
    ceiling = std::min(ceiling * 2, reconnect_max);
    co_await sleep(runtime_.timers, wait);
  }
}

}  // namespace kumasim::sim
