/// What a control plane is made of, in the order in which its parts need one another.
#pragma once

#include <functional>

#include <fmt/format.h>

#include "kumasim/transport/serve.hpp"
#include "reference-cp/app/kuma_cp/ads_server.hpp"
#include "reference-cp/app/kuma_cp/api_metrics.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/app/kuma_cp/diagnostics.hpp"
#include "reference-cp/app/kuma_cp/federation.hpp"
#include "reference-cp/app/kuma_cp/first_secrets.hpp"
#include "reference-cp/app/kuma_cp/generation_metrics.hpp"
#include "reference-cp/app/kuma_cp/hds_server.hpp"
#include "reference-cp/app/kuma_cp/insights.hpp"
#include "reference-cp/app/kuma_cp/lifecycle.hpp"
#include "reference-cp/app/kuma_cp/mesh_identity_updater.hpp"
#include "reference-cp/app/kuma_cp/metered_store.hpp"
#include "reference-cp/app/kuma_cp/part_options.hpp"
#include "reference-cp/app/kuma_cp/proxy_config.hpp"
#include "reference-cp/app/kuma_cp/proxy_kind.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/app/kuma_cp/replicas.hpp"
#include "reference-cp/app/kuma_cp/server_identity.hpp"
#include "reference-cp/auth/issuer.hpp"
#include "reference-cp/auth/proxy_authenticator.hpp"
#include "reference-cp/identity/admin_certificates.hpp"
#include "reference-cp/identity/key_making.hpp"
#include "reference-cp/identity/mesh_authorities.hpp"
#include "reference-cp/insights/garbage_collector.hpp"
#include "reference-cp/insights/insight_writer.hpp"
#include "reference-cp/insights/subscription_finalizer.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/rest/authentication.hpp"
#include "reference-cp/rest/envoy_admin.hpp"
#include "reference-cp/rest/envoy_admin_client.hpp"
#include "reference-cp/rest/inspect/inspect_endpoints.hpp"
#include "reference-cp/rest/rest_api.hpp"
#include "reference-cp/rest/tokens.hpp"
#include "reference-cp/xds/bootstrap/bootstrap_server.hpp"

namespace kumasim::cp {

/// What gRPC's servers take by default, Kuma's among them.
inline constexpr std::size_t grpc_message_bytes_max = 4 << 20;

struct ControlPlane::State {
  State(const Runtime& runtime, Config given, std::shared_ptr<Store> kept, ControlPlaneOptions more)
      : runtime(runtime),
        config(std::move(given)),
        options(std::move(more)),
        api_metrics(metrics),
        generation_metrics(metrics),
        store(std::make_shared<MeteredStore>(std::move(kept), runtime.clock, metrics)),
        instance(fmt::format("{}-{:04x}", options.hostname, runtime.random.below(0x10000))),
        authorities(*store, runtime.clock, runtime.log,
                    {.ca_key = made_key(config.ca_key),
                     .signing_key = made_key(config.signing_key),
                     .offload = options.offload}),
        manager(*store, runtime.clock, &authorities, manager_options(config)),
        reconciler(
            runtime, config, store, authorities, options.offload, [this] { return replicas.leads(); },
            &generation_metrics),
        mesh_identities(runtime, *store,
                        {.ca_key = made_key(config.ca_key),
                         .interval = config.mesh_identity_interval,
                         .labels = manager_options(config).labels,
                         .offload = options.offload,
                         .read_outside = config.read_outside,
                         .trust_domain_stays = config.planted.trust_domain_stays}),
        insights(runtime, config, store, instance),
        lifecycle(runtime, config, manager, reconciler, insights),
        insight_writer(runtime.clock, runtime.log, *store),
        finalizer(
            runtime.clock, runtime.log, *store,
            [this](const Resource& of, const std::string& subscription) { return serves(of, subscription); },
            manager_options(config).labels.mode),
        collector(runtime.clock, runtime.log, manager,
                  {.dataplane_max = config.dataplane_cleanup_age, .zone_proxy_max = config.zone_proxy_cleanup_age}),
        signing_keys(*store, runtime.clock),
        issuer(signing_keys, runtime.clock, runtime.random),
        first_secrets(runtime, config,
                      {.store = *store,
                       .authorities = authorities,
                       .signing_keys = signing_keys,
                       .issuer = issuer,
                       .ca_key = made_key(config.ca_key),
                       .offload = options.offload}),
        authentication(signing_keys, runtime.clock, runtime.log, authentication_options(config)),
        tokens(issuer, token_options(config)),
        envoys(runtime, reconciler.admin_certificates(),
               {.key = key_spec(config.leaf_key), .offload = options.offload}),
        envoy_admin(
            *store, config.access,
            [this](ResourcePtr proxy, std::string target) { return ask_envoy(std::move(proxy), std::move(target)); },
            config.mode == "global" ? std::string() : config.zone_name),
        inspect(*store, {.global = config.mode == "global",
                         .view = [this](const std::string& mesh) { return reconciler.views().find(mesh); },
                         .config = proxy_config}),
        proxies(*store, signing_keys, runtime.clock, proxy_options(config)),
        ads(runtime, reconciler, lifecycle, insights, proxies, instance, this->config.planted),
        hds(runtime, config, manager, reconciler, proxies, &generation_metrics),
        federation(runtime, config, *store, manager,
                   {.instance = instance,
                    .roots = options.kds_roots,
                    .ask_envoy = [this](ResourcePtr proxy,
                                        std::string target) { return ask_envoy(std::move(proxy), std::move(target)); },
                    .metrics = &metrics}),
        replicas(runtime, config, *store,
                 {.instance = instance,
                  .election = options.election,
                  .key = made_key(config.leaf_key),
                  .ask_zone =
                      [this](ResourcePtr proxy, std::string target) {
                        return federation.ask_zone(std::move(proxy), std::move(target));
                      }}),
        diagnostics(
            metrics, reconciler, hds.counts(), [this] { return is_ready; },
            this->config.federated() ? [this] { return federation.connected(); } : std::function<bool()>(),
            this->config.mode == "global" ? [this] { return federation.behind(); }
                                          : std::function<std::set<std::string>()>(),
            options.follows_store, [this] { return InstanceInfo{instance, cluster, replicas.leads()}; }),
        stopped(runtime.executor) {}

  /// A kind of key by its setting, and who makes it.
  KeySpec made_key(const std::string& kind) const {
    KeySpec spec = key_spec(kind);
    spec.make_rsa = options.make_rsa;
    return spec;
  }
  Result<> open_ports();
  asio::awaitable<void> core_task(std::string name, asio::awaitable<void> task);
  asio::awaitable<void> lasting_task(std::string name, std::function<asio::awaitable<void>()> begin);
  asio::awaitable<void> serve(Listener& listener, std::shared_ptr<const TlsContext> context, HttpHandler http,
                              GrpcHandler grpc, std::size_t message_bytes_max = grpc_message_bytes_max);
  asio::awaitable<Result<>> ensure_defaults();
  asio::awaitable<void> make_first();
  asio::awaitable<Result<>> learn_cluster_id();
  bool serves(const Resource& insight, const std::string& subscription) const;
  asio::awaitable<HttpResponse> answer_api(HttpRequest request);
  asio::awaitable<Result<std::string>> ask_envoy(ResourcePtr proxy, std::string target);
  asio::awaitable<std::optional<HttpResponse>> further(const HttpRequest& request, const User& user);

  Runtime runtime;
  const Config config;
  ControlPlaneOptions options;
  prometheus::Registry metrics;
  ApiMetrics api_metrics;
  GenerationMetrics generation_metrics;
  std::shared_ptr<Store> store;
  std::string instance;
  MeshAuthorities authorities;
  Manager manager;
  Reconciler reconciler;
  MeshIdentityUpdater mesh_identities;
  Insights insights;
  Lifecycle lifecycle;
  InsightWriter insight_writer;
  SubscriptionFinalizer finalizer;
  GarbageCollector collector;
  SigningKeys signing_keys;
  TokenIssuer issuer;
  FirstSecrets first_secrets;
  Authentication authentication;
  TokenEndpoints tokens;
  EnvoyAdminClient envoys;
  EnvoyAdminEndpoints envoy_admin;
  InspectEndpoints inspect;
  ProxyAuthenticator proxies;
  AdsServer ads;
  HdsServer hds;
  Federation federation;
  Replicas replicas;
  Diagnostics diagnostics;
  std::optional<RestApi> rest;
  std::optional<BootstrapServer> bootstrap;
  Listener dp_listener, http_listener, https_listener, diagnostics_listener, kds_listener;
  std::shared_ptr<const TlsContext> dp_tls, api_tls, kds_tls;
  std::string certificate_pem;
  std::string cluster;  // its id; of a zone "" until the global control plane has told
  Event stopped;
  std::optional<Error> failure;  // of a core task
  bool is_ready = false;
};

}  // namespace kumasim::cp
