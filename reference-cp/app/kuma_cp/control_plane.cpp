#include "reference-cp/app/kuma_cp/control_plane.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_cp/control_plane_state.hpp"
#include "reference-cp/app/kuma_cp/server_ports.hpp"
#include "reference-cp/app/kuma_cp/task_failure.hpp"
#include "reference-cp/manager/cluster_id.hpp"
#include "reference-cp/model/uuid.hpp"
#include "reference-cp/rest/answer.hpp"
#include "reference-cp/rest/handler_name.hpp"

namespace kumasim::cp {
namespace {

/// After it a task that only counts or tidies up begins anew.
constexpr Duration lasting_pause = std::chrono::minutes(1);

/// For the ends of KDS' streams when it is stopped.
constexpr Duration stop_duration_max = std::chrono::seconds(5);

}  // namespace

ControlPlane::ControlPlane(const Runtime& runtime, Config config, std::shared_ptr<Store> store,
                           ControlPlaneOptions options)
    : state_(std::make_shared<State>(runtime, std::move(config), std::move(store), std::move(options))) {}

ControlPlane::~ControlPlane() = default;

Result<> ControlPlane::State::open_ports() {
  auto listen = [this](Listener& listener, const std::string& interface, std::uint32_t port, const char* setting) {
    return open_port(runtime.network, listener, interface, port, setting);
  };
  // A global control plane has zones, and no proxies.
  const bool global = config.mode == "global";
  auto opened = global ? listen(kds_listener, "", config.kds_port, "multizone.global.kds.grpcPort")
                       : listen(dp_listener, "", config.dp_server_port, "dpServer.port");
  if (!opened) return opened;
  if (config.api_http_enabled)
    if (auto done = listen(http_listener, config.api_http_interface, config.api_http_port, "apiServer.http.port");
        !done)
      return done;
  if (config.api_https_enabled)
    if (auto done = listen(https_listener, config.api_https_interface, config.api_https_port, "apiServer.https.port");
        !done)
      return done;
  if (options.election)
    if (auto done = listen(replicas.listener(), "", config.inter_cp_port, "interCp.server.port"); !done) return done;
  return listen(diagnostics_listener, "", config.diagnostics_port, "diagnostics.serverPort");
}

asio::awaitable<void> ControlPlane::State::serve(Listener& listener, std::shared_ptr<const TlsContext> context,
                                                 HttpHandler http, GrpcHandler grpc, std::size_t message_bytes_max) {
  ServeLimits limits;
  limits.grpc.message_bytes_max = message_bytes_max;
  co_await serve_listener(runtime, listener, std::move(context), std::move(http), std::move(grpc), limits);
}

/// Without one of these the control plane serves no more, whatever it answers: its end ends the control plane.
asio::awaitable<void> ControlPlane::State::core_task(std::string name, asio::awaitable<void> task) {
  auto reason = co_await failure_of(std::move(task));
  if (!reason) co_return;  // a listener that was closed
  runtime.log.error("kuma-cp", "core task failed", {{"task", name}, {"error", *reason}});
  if (!failure) failure = Error{Code::internal, fmt::format("{} failed: {}", name, *reason), {}};
  is_ready = false;
  stopped.set();
}

/// Proxies and the API are served without it: its failure is logged, and it begins anew after a pause.
asio::awaitable<void> ControlPlane::State::lasting_task(std::string name,
                                                        std::function<asio::awaitable<void>()> begin) {
  for (;;) {
    auto reason = co_await failure_of(begin());
    if (!reason) co_return;
    runtime.log.error("kuma-cp", "task failed", {{"task", name}, {"error", *reason}});
    co_await sleep(runtime.timers, lasting_pause);
  }
}

/// The insight's subscription is one of this control plane's streams.
bool ControlPlane::State::serves(const Resource& insight, const std::string& subscription) const {
  ProxyPtr proxy = reconciler.find(slot_of(insight));
  return proxy && !proxy->closing && proxy->subscription.id == subscription;
}

/// Of a zone's control plane, whose store may be another zone's: what of that goes is said first.
asio::awaitable<Result<>> ControlPlane::State::ensure_defaults() {
  if (config.mode == "zone" && first_start(config).zone) {
    auto zones = co_await store->list(kind::zone(), {});
    if (!zones) co_return fail(zones.error());
    for (const ResourcePtr& zone : zones->items)
      if (zone->meta.name != config.zone_name)
        runtime.log.warn("defaults", "removing a Zone that is not this control plane's",
                         {{"zone", zone->meta.name}, {"own", config.zone_name}});
  }
  auto made = co_await manager.ensure_defaults(first_start(config));
  if (!made) co_return fail(made.error().error);
  co_return Result<>();
}

/// What a first start lacks, made by the one that leads.
asio::awaitable<void> ControlPlane::State::make_first() {
  auto defaults = co_await ensure_defaults();
  if (!defaults) throw std::runtime_error(defaults.error().message);
  if (!config.federated())
    if (auto made = co_await cluster_id(*store, make_uuid(runtime.random), runtime.clock.wall_now()); !made)
      throw std::runtime_error(made.error().message);
  co_await first_secrets.make();
}

asio::awaitable<Result<>> ControlPlane::State::learn_cluster_id() {
  if (config.federated() || options.election) {
    store->subscribe([this](const Change& change) {
      if (auto told = cluster_id_of(change.after)) cluster = std::move(*told);
    });
    auto kept = co_await store->get(kind::config(), {"", cluster_id_config});
    if (!kept && kept.error().code != Code::not_found) co_return fail(kept.error());
    if (kept) cluster = *cluster_id_of(*kept);
    co_return Result<>();
  }
  auto made = co_await cluster_id(*store, make_uuid(runtime.random), runtime.clock.wall_now());
  if (!made) co_return fail(made.error());
  cluster = std::move(*made);
  co_return Result<>();
}

asio::awaitable<std::optional<HttpResponse>> ControlPlane::State::further(const HttpRequest& request,
                                                                          const User& user) {
  auto answer = co_await tokens.handle(request, user);
  if (!answer) answer = co_await inspect.handle(request, user);
  if (!answer) answer = co_await envoy_admin.handle(request, user);
  co_return answer;
}

/// As Kuma (pkg/core/rest/errors/error_handler.go): what the client is not told is logged.
asio::awaitable<HttpResponse> ControlPlane::State::answer_api(HttpRequest request) {
  const MonotonicTime begun = runtime.clock.now();
  const std::string method = request.method, target = request.target;
  const std::string handler = handler_name(std::string_view(target).substr(0, target.find('?')));
  api_metrics.began(handler);
  HttpResponse answer;
  try {
    answer = co_await rest->handle(std::move(request));
  } catch (const std::exception& error) {
    const auto* system = dynamic_cast<const boost::system::system_error*>(&error);
    if (system && system->code() == asio::error::operation_aborted) {  // nobody waits for it any more
      api_metrics.ended(handler, method, nullptr, runtime.clock.now() - begun);
      throw;
    }
    answer = internal_problem({Code::internal, error.what(), {}}, "Could not process the request");
  }
  api_metrics.ended(handler, method, &answer, runtime.clock.now() - begun);
  if (!answer.cause.empty())
    runtime.log.error("api-server", "request failed",
                      {{"method", method}, {"target", target}, {"error", answer.cause}});
  co_return answer;
}

asio::awaitable<Result<std::string>> ControlPlane::State::ask_envoy(ResourcePtr proxy, std::string target) {
  // Its zone's control plane has the CA that its Envoy believes.
  if (config.mode == "global") co_return co_await replicas.ask_zone(std::move(proxy), std::move(target));
  std::optional<ConnectedProxy> connected;
  if (ProxyPtr known = reconciler.find(slot_of(*proxy)))
    connected = ConnectedProxy{known->stream.peer().address.host, known->metadata.admin_port};
  auto where = admin_target(*proxy, connected, config.admin_port);
  if (!where) co_return fail(where.error());
  auto answer = co_await envoys.get(*where, std::move(target));
  if (!answer)
    runtime.log.info(
        "kuma-cp", "Envoy not asked",
        {{"proxy", proxy->meta.name}, {"address", to_string(where->address)}, {"error", answer.error().message}});
  co_return answer;
}

asio::awaitable<Result<>> ControlPlane::start() {
  State& s = *state_;
  if (auto opened = s.open_ports(); !opened) co_return opened;
  TlsIdentity own;
  const bool serves_zones = s.kds_listener && s.config.kds_tls_enabled;
  if (!s.options.dp_server || !s.options.api_server || (serves_zones && !s.options.kds_server)) {
    auto made = server_identity(s.runtime, s.options.hosts, s.made_key(s.config.ca_key));
    if (!made) co_return fail(made.error());
    own = std::move(*made);
  }
  const TlsIdentity& dp = s.options.dp_server ? *s.options.dp_server : own;
  auto dp_tls = make_server_tls({.identity = dp, .bounds = s.config.dp_server_tls, .setting = "dpServer"});
  if (!dp_tls) co_return fail(dp_tls.error());
  s.dp_tls = *dp_tls;
  s.certificate_pem = dp.certificate_pem;
  auto api_tls = make_server_tls({.identity = s.options.api_server ? *s.options.api_server : own,
                                  .bounds = s.config.api_https_tls,
                                  .setting = "apiServer.https",
                                  .peer = client_check(s.config, s.options),
                                  .client_roots = s.options.api_client_roots});
  if (!api_tls) co_return fail(api_tls.error());
  s.api_tls = *api_tls;
  if (serves_zones) {
    auto kds_tls = make_server_tls({.identity = s.options.kds_server ? *s.options.kds_server : own,
                                    .bounds = s.config.kds_server_tls,
                                    .setting = "multizone.global.kds"});
    if (!kds_tls) co_return fail(kds_tls.error());
    s.kds_tls = *kds_tls;
  }
  BootstrapOptions bootstrap_options_now = bootstrap_options(s.config, dp.certificate_pem);
  if (s.config.xds_port == 0 && s.dp_listener) bootstrap_options_now.settings.xds_port = s.dp_listener.port();
  auto bootstrap = BootstrapServer::create(s.store, s.runtime.log, std::move(bootstrap_options_now));
  if (!bootstrap) co_return fail(bootstrap.error());
  s.bootstrap.emplace(std::move(*bootstrap));

  if (!s.options.election)
    if (auto defaults = co_await s.ensure_defaults(); !defaults) co_return fail(defaults.error());
  auto loaded = co_await s.reconciler.start();
  if (!loaded) co_return fail(loaded.error());
  // A zone has the counts of its meshes from the global control plane.
  if (!s.config.federated())
    if (auto counted = co_await s.insight_writer.start(); !counted) co_return fail(counted.error());
  if (auto joined = co_await s.federation.start(); !joined) co_return joined;
  if (auto known = co_await s.learn_cluster_id(); !known) co_return known;
  RestOptions rest;
  rest.read_only = s.config.api_read_only;
  rest.federated = s.config.federated();
  rest.check_origin = !s.config.skip_origin_check;
  rest.gui = !s.config.federated();
  rest.hostname = s.options.hostname;
  rest.instance_id = s.instance;
  rest.cluster_id = [state = state_.get()] { return state->cluster; };
  rest.config = config_to_json(s.config);
  rest.service_address = "." + s.config.dns_domain + ":80";
  rest.access = s.config.access;
  rest.authenticate = [state = state_.get()](const HttpRequest& request) {
    return state->authentication.user_of(request);
  };
  rest.further = [state = state_.get()](const HttpRequest& request, const User& user) {
    return state->further(request, user);
  };
  s.rest.emplace(s.manager, s.runtime.clock, std::move(rest));

  auto start_task = [&](const char* name, asio::awaitable<void> task) {
    spawn(s.runtime.executor, s.runtime.log, name, s.core_task(name, std::move(task)));
  };
  start_task("reconciler", s.reconciler.run());
  start_task("rotation", s.reconciler.rotate());
  // They belong to zones, as the certificates do.
  if (s.config.mesh_identities && s.config.mode != "global" && !s.options.election)
    start_task("mesh-identities", s.mesh_identities.run());
  HttpHandler rest_handler = [state = state_](HttpRequest request) { return state->answer_api(std::move(request)); };
  HttpHandler dp_handler = [state = state_](HttpRequest request) -> asio::awaitable<HttpResponse> {
    std::string path = request.target.substr(0, request.target.find('?'));
    if (path != "/bootstrap")
      co_return HttpResponse{
          .status = 404, .headers = {{"content-type", "text/plain; charset=utf-8"}}, .body = "404 page not found\n"};
    co_return co_await state->bootstrap->handle(std::move(request));
  };
  GrpcHandler proxy_handler = [state = state_](GrpcServerStream stream) {
    if (state->hds.serves(stream.path())) return state->hds.serve(std::move(stream));
    return state->ads.serve(std::move(stream));
  };
  HttpHandler diagnostics_handler = [state = state_](HttpRequest request) -> asio::awaitable<HttpResponse> {
    co_return state->diagnostics.handle(request);
  };
  if (s.dp_listener) start_task("dp-server", s.serve(s.dp_listener, s.dp_tls, dp_handler, proxy_handler));
  if (s.kds_listener)
    start_task("kds-server",
               s.serve(
                   s.kds_listener, s.kds_tls, nullptr,
                   [state = state_](GrpcServerStream stream) { return state->federation.serve(std::move(stream)); },
                   s.config.kds_global_message_bytes_max));
  if (s.http_listener) start_task("api-server", s.serve(s.http_listener, nullptr, rest_handler, nullptr));
  if (s.https_listener) start_task("api-server-https", s.serve(s.https_listener, s.api_tls, rest_handler, nullptr));
  start_task("diagnostics", s.serve(s.diagnostics_listener, nullptr, diagnostics_handler, nullptr));
  if (!s.options.election) start_task("signing-keys", s.first_secrets.make());
  State* state = state_.get();
  auto start_lasting = [&](const char* name, std::function<asio::awaitable<void>()> begin) {
    spawn(s.runtime.executor, s.runtime.log, name, s.lasting_task(name, std::move(begin)));
  };
  // What only one control plane of a store may do.
  auto start_leading = [&](const char* name, std::function<asio::awaitable<void>()> begin) {
    if (s.options.election)
      begin = [state, begin = std::move(begin)] { return state->replicas.leadership().while_held(begin); };
    start_lasting(name, std::move(begin));
  };
  if (s.options.election) {
    start_lasting("election", [state] { return state->replicas.run_election(); });
    start_leading("first-start", [state] { return state->make_first(); });
    start_leading("catalog", [state] { return state->replicas.run_writer(); });
    start_lasting("inter-cp", [state] {
      return state->replicas.run([state](Listener& listener, std::shared_ptr<const TlsContext> tls, GrpcHandler grpc) {
        return state->serve(listener, std::move(tls), nullptr, std::move(grpc));
      });
    });
    start_lasting("inter-cp.heartbeat", [state] { return state->replicas.run_heartbeat(); });
    if (s.config.mode != "global") start_leading("derived", [state] { return state->reconciler.lead(); });
    if (s.config.mesh_identities && s.config.mode != "global")
      start_leading("mesh-identities", [state] { return state->mesh_identities.run(); });
  }
  if (!s.config.federated())
    start_leading("insights", [state] {
      return state->insight_writer.run(state->runtime.timers, state->config.mesh_insight_interval);
    });
  const Duration idle = s.config.mode == "global" ? s.config.zone_idle_time : s.config.proxy_idle_time;
  if (idle > Duration::zero())
    start_leading("finalizer", [state, idle] { return state->finalizer.run(state->runtime.timers, idle); });
  if (s.config.mode != "global")
    start_leading("garbage-collector", [state] { return state->collector.run(state->runtime.timers); });
  if (s.config.mode == "global" || s.config.federated()) {
    start_lasting("kds-feed", [state] { return state->federation.run_feed(); });
    // A zone is connected to its global control plane once.
    auto streams = [state] { return state->federation.run_streams(); };
    if (s.config.federated())
      start_leading("kds-streams", streams);
    else
      start_lasting("kds-streams", streams);
  }
  s.is_ready = true;
  s.runtime.log.info("kuma-cp", "control plane is up",
                     {{"instance", s.instance},
                      {"dp port", s.dp_listener ? s.dp_listener.port() : 0},
                      {"diagnostics port", s.diagnostics_listener.port()}});
  co_return Result<>();
}

asio::awaitable<void> ControlPlane::run() {
  auto started = co_await start();
  if (!started) {
    state_->runtime.log.error("kuma-cp", "cannot start",
                              {{"error", started.error().message}, {"field", started.error().field}});
    throw std::runtime_error(started.error().message);
  }
  auto ended = co_await wait_stopped();
  if (!ended) throw std::runtime_error(ended.error().message);
}

asio::awaitable<Result<>> ControlPlane::wait_stopped() {
  auto state = state_;
  co_await state->stopped.wait();
  if (state->failure) co_return fail(*state->failure);
  if (state->config.mode == "global" || state->config.federated()) {
    auto idle = co_await with_timeout(state->runtime.timers, stop_duration_max, state->federation.wait_idle());
    if (!idle) state->runtime.log.warn("kuma-cp", "streams of KDS did not end in time", {});
  }
  if (state->options.election) {
    auto left = co_await with_timeout(state->runtime.timers, stop_duration_max, state->replicas.leave());
    if (!left) state->runtime.log.warn("kuma-cp", "other control planes not told", {{"error", left.error().message}});
  }
  co_return Result<>();
}

void ControlPlane::stop() {
  State& s = *state_;
  s.is_ready = false;
  s.ads.stop();
  s.federation.stop();
  for (Listener* listener : {&s.dp_listener, &s.http_listener, &s.https_listener, &s.diagnostics_listener,
                             &s.kds_listener, &s.replicas.listener()})
    listener->close();
  s.stopped.set();
}

bool ControlPlane::ready() const { return state_->is_ready; }
bool ControlPlane::federated() const { return state_->federation.connected(); }
void ControlPlane::drop_zone(const std::string& zone, const std::string& stream) {
  state_->federation.drop(zone, stream);
}
bool ControlPlane::idle() const { return state_->reconciler.idle(); }
HttpResponse ControlPlane::diagnose(const HttpRequest& request) const { return state_->diagnostics.handle(request); }
std::uint16_t ControlPlane::dp_port() const { return state_->dp_listener ? state_->dp_listener.port() : 0; }
std::uint16_t ControlPlane::http_port() const { return state_->http_listener ? state_->http_listener.port() : 0; }
std::uint16_t ControlPlane::https_port() const { return state_->https_listener ? state_->https_listener.port() : 0; }
std::uint16_t ControlPlane::kds_port() const { return state_->kds_listener ? state_->kds_listener.port() : 0; }
std::uint16_t ControlPlane::diagnostics_port() const { return state_->diagnostics_listener.port(); }
const std::string& ControlPlane::certificate_pem() const { return state_->certificate_pem; }

}  // namespace kumasim::cp
