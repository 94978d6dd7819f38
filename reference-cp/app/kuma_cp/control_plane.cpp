#include "reference-cp/app/kuma_cp/control_plane.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/serve.hpp"
#include "reference-cp/app/kuma_cp/ads_server.hpp"
#include "reference-cp/app/kuma_cp/diagnostics.hpp"
#include "reference-cp/app/kuma_cp/insights.hpp"
#include "reference-cp/app/kuma_cp/lifecycle.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/app/kuma_cp/server_identity.hpp"
#include "reference-cp/identity/mesh_authorities.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/rest/rest_api.hpp"
#include "reference-cp/xds/bootstrap/bootstrap_server.hpp"

namespace kumasim::cp {
namespace {

ManagerOptions manager_options(const Config& config) {
  ManagerOptions out;
  out.labels.zone = config.zone_name;
  out.labels.environment = config.environment;
  out.routing_policies = config.create_mesh_routing;
  return out;
}

BootstrapOptions bootstrap_options(const Config& config, const std::string& certificate) {
  BootstrapOptions out;
  out.settings.admin_address = config.admin_address;
  out.settings.admin_port = config.admin_port;
  out.settings.admin_access_log_path = config.admin_access_log_path;
  out.settings.xds_host = config.xds_host;
  out.settings.xds_port = config.xds_port;
  out.settings.xds_connect_timeout = config.xds_connect_timeout;
  out.settings.hds_enabled = config.hds_enabled;
  out.settings.reloadable_tokens = config.reloadable_tokens;
  out.settings.gateway_connections_max = config.gateway_connections_max;
  out.certificate_pem = certificate;
  out.dp_token_required = config.dp_proxy_auth != "none";
  out.zone_token_required = config.zone_proxy_auth != "none";
  return out;
}

bool is_loopback(const std::string& host) {
  return host.starts_with("127.") || host == "::1" || host.starts_with("::ffff:127.");
}

Result<User> authenticate(const HttpRequest& request, bool localhost_is_admin) {
  if (request.headers.has("authorization"))
    return fail(Code::unauthenticated, "user tokens cannot be verified by this control plane");
  if (localhost_is_admin && is_loopback(request.peer.address.host)) return admin_user();
  return anonymous_user();
}

}  // namespace

struct ControlPlane::State {
  State(const Runtime& runtime, Config given, std::shared_ptr<Store> kept, ControlPlaneOptions more)
      : runtime(runtime),
        config(std::move(given)),
        options(std::move(more)),
        store(std::move(kept)),
        instance(fmt::format("{}-{:04x}", options.hostname, runtime.random.below(0x10000))),
        authorities(*store, runtime.clock, runtime.log,
                    {.ca_key = key_spec(config.ca_key), .signing_key = key_spec(config.signing_key)}),
        manager(*store, runtime.clock, &authorities, manager_options(config)),
        reconciler(runtime, config, store, authorities),
        insights(runtime, config, store, instance),
        lifecycle(runtime, config, manager, reconciler, insights),
        ads(runtime, config, reconciler, lifecycle, insights, instance),
        diagnostics(reconciler, [this] { return is_ready; }),
        stopped(runtime.executor) {}

  Result<> listen(Listener& listener, const std::string& interface, std::uint32_t port, const char* setting);
  Result<std::shared_ptr<const TlsContext>> tls(const TlsIdentity& identity, const char* setting) const;
  Result<> open_ports();
  asio::awaitable<void> serve(Listener& listener, std::shared_ptr<const TlsContext> context, HttpHandler http,
                              GrpcHandler grpc);

  Runtime runtime;
  const Config config;
  ControlPlaneOptions options;
  std::shared_ptr<Store> store;
  std::string instance;
  MeshAuthorities authorities;
  Manager manager;
  Reconciler reconciler;
  Insights insights;
  Lifecycle lifecycle;
  AdsServer ads;
  Diagnostics diagnostics;
  std::optional<RestApi> rest;
  std::optional<BootstrapServer> bootstrap;
  Listener dp_listener, http_listener, https_listener, diagnostics_listener;
  std::shared_ptr<const TlsContext> dp_tls, api_tls;
  std::string certificate_pem;
  Event stopped;
  bool is_ready = false;
};

ControlPlane::ControlPlane(const Runtime& runtime, Config config, std::shared_ptr<Store> store,
                           ControlPlaneOptions options)
    : state_(std::make_shared<State>(runtime, std::move(config), std::move(store), std::move(options))) {}

ControlPlane::~ControlPlane() = default;

Result<> ControlPlane::State::listen(Listener& listener, const std::string& interface, std::uint32_t port,
                                     const char* setting) {
  try {
    listener = runtime.network.listen({interface == "0.0.0.0" ? "" : interface, static_cast<std::uint16_t>(port)});
    return {};
  } catch (const boost::system::system_error& error) {
    Error cause = to_error(error);
    return fail(cause.code,
                fmt::format("cannot listen on port {} ({}): {}{}", port, setting, error.code().message(),
                            cause.code == Code::already_exists ? "; is another kuma-cp running?" : ""),
                setting);
  }
}

Result<std::shared_ptr<const TlsContext>> ControlPlane::State::tls(const TlsIdentity& identity,
                                                                   const char* setting) const {
  TlsOptions tls_options;
  tls_options.role = TlsRole::server;
  tls_options.certificate_pem = identity.certificate_pem;
  tls_options.key_pem = identity.key_pem;
  tls_options.peer = TlsPeerCheck::none;
  tls_options.alpn = {"h2", "http/1.1"};
  auto context = TlsContext::create(tls_options);
  if (!context) return fail(context.error().code, fmt::format("{}: {}", setting, context.error().message), setting);
  return std::make_shared<const TlsContext>(std::move(*context));
}

Result<> ControlPlane::State::open_ports() {
  if (auto done = listen(dp_listener, "", config.dp_server_port, "dpServer.port"); !done) return done;
  if (config.api_http_enabled)
    if (auto done = listen(http_listener, config.api_http_interface, config.api_http_port, "apiServer.http.port");
        !done)
      return done;
  if (config.api_https_enabled)
    if (auto done = listen(https_listener, config.api_https_interface, config.api_https_port, "apiServer.https.port");
        !done)
      return done;
  return listen(diagnostics_listener, "", config.diagnostics_port, "diagnostics.serverPort");
}

asio::awaitable<void> ControlPlane::State::serve(Listener& listener, std::shared_ptr<const TlsContext> context,
                                                 HttpHandler http, GrpcHandler grpc) {
  co_await serve_listener(runtime, listener, std::move(context), std::move(http), std::move(grpc));
}

asio::awaitable<Result<>> ControlPlane::start() {
  State& s = *state_;
  if (auto opened = s.open_ports(); !opened) co_return opened;
  TlsIdentity own;
  if (!s.options.dp_server || !s.options.api_server) {
    auto made = server_identity(s.runtime, s.options.hosts, key_spec(s.config.ca_key));
    if (!made) co_return fail(made.error());
    own = std::move(*made);
  }
  const TlsIdentity& dp = s.options.dp_server ? *s.options.dp_server : own;
  auto dp_tls = s.tls(dp, "dpServer.tlsCertFile");
  if (!dp_tls) co_return fail(dp_tls.error());
  s.dp_tls = *dp_tls;
  s.certificate_pem = dp.certificate_pem;
  auto api_tls = s.tls(s.options.api_server ? *s.options.api_server : own, "apiServer.https.tlsCertFile");
  if (!api_tls) co_return fail(api_tls.error());
  s.api_tls = *api_tls;
  BootstrapOptions bootstrap_options_now = bootstrap_options(s.config, dp.certificate_pem);
  if (s.config.xds_port == 0) bootstrap_options_now.settings.xds_port = s.dp_listener.port();
  auto bootstrap = BootstrapServer::create(s.store, s.runtime.log, std::move(bootstrap_options_now));
  if (!bootstrap) co_return fail(bootstrap.error());
  s.bootstrap.emplace(std::move(*bootstrap));

  auto defaults = co_await s.manager.ensure_defaults(
      {.mesh = !s.config.skip_mesh_creation, .zone = true, .hostname_generators = !s.config.skip_hostname_generators});
  if (!defaults) co_return fail(defaults.error().error);
  auto loaded = co_await s.reconciler.start();
  if (!loaded) co_return fail(loaded.error());
  RestOptions rest;
  rest.read_only = s.config.api_read_only;
  rest.hostname = s.options.hostname;
  rest.instance_id = s.instance;
  rest.cluster_id = make_uuid(s.runtime.random);
  rest.config = config_to_json(s.config);
  rest.authenticate = [admin = s.config.localhost_is_admin](const HttpRequest& request) {
    return authenticate(request, admin);
  };
  s.rest.emplace(s.manager, s.runtime.clock, std::move(rest));

  auto start_task = [&](const char* name, asio::awaitable<void> task) {
    spawn(s.runtime.executor, s.runtime.log, name, std::move(task));
  };
  start_task("reconciler", s.reconciler.run());
  start_task("rotation", s.reconciler.rotate());
  HttpHandler rest_handler = [state = state_](HttpRequest request) { return state->rest->handle(std::move(request)); };
  HttpHandler dp_handler = [state = state_](HttpRequest request) -> asio::awaitable<HttpResponse> {
    std::string path = request.target.substr(0, request.target.find('?'));
    if (path != "/bootstrap")
      co_return HttpResponse{
          .status = 404, .headers = {{"content-type", "text/plain; charset=utf-8"}}, .body = "404 page not found\n"};
    if (request.method != "POST") co_return HttpResponse{.status = 405, .headers = {{"allow", "POST"}}, .body = {}};
    co_return co_await state->bootstrap->handle(std::move(request));
  };
  GrpcHandler ads_handler = [state = state_](GrpcServerStream stream) { return state->ads.serve(std::move(stream)); };
  HttpHandler diagnostics_handler = [state = state_](HttpRequest request) -> asio::awaitable<HttpResponse> {
    co_return state->diagnostics.handle(request);
  };
  start_task("dp-server", s.serve(s.dp_listener, s.dp_tls, dp_handler, ads_handler));
  if (s.http_listener) start_task("api-server", s.serve(s.http_listener, nullptr, rest_handler, nullptr));
  if (s.https_listener) start_task("api-server-https", s.serve(s.https_listener, s.api_tls, rest_handler, nullptr));
  start_task("diagnostics", s.serve(s.diagnostics_listener, nullptr, diagnostics_handler, nullptr));
  s.is_ready = true;
  s.runtime.log.info("kuma-cp", "control plane is up",
                     {{"instance", s.instance},
                      {"dp port", s.dp_listener.port()},
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
  co_await state_->stopped.wait();
}

void ControlPlane::stop() {
  State& s = *state_;
  s.is_ready = false;
  s.ads.stop();
  for (Listener* listener : {&s.dp_listener, &s.http_listener, &s.https_listener, &s.diagnostics_listener})
    listener->close();
  s.stopped.set();
}

bool ControlPlane::ready() const { return state_->is_ready; }
bool ControlPlane::idle() const { return state_->reconciler.idle(); }
std::uint16_t ControlPlane::dp_port() const { return state_->dp_listener.port(); }
std::uint16_t ControlPlane::http_port() const { return state_->http_listener ? state_->http_listener.port() : 0; }
std::uint16_t ControlPlane::https_port() const { return state_->https_listener ? state_->https_listener.port() : 0; }
std::uint16_t ControlPlane::diagnostics_port() const { return state_->diagnostics_listener.port(); }
const std::string& ControlPlane::certificate_pem() const { return state_->certificate_pem; }

}  // namespace kumasim::cp
