#include "reference-cp/app/kuma_cp/federation.hpp"

#include <cassert>
#include <utility>

#include <nlohmann/json.hpp>

#include "reference-cp/app/command_line/version.hpp"
#include "reference-cp/app/kuma_cp/settings_multizone.hpp"
#include "reference-cp/kds/exchange_rules.hpp"
#include "reference-cp/kds/global_server.hpp"
#include "reference-cp/kds/kds_metrics.hpp"
#include "reference-cp/kds/zone_client.hpp"

namespace kumasim::cp {
namespace {

kds::ZoneStatusOptions status_options(const Config& config, const std::string& instance) {
  return {.instance = instance,
          .flush_interval = config.zone_insight_flush_interval,
          .idle_time = config.zone_idle_time,
          .compact_finished = config.zone_compact_finished,
          .subscription_limit = config.zone_subscription_limit};
}

/// What the build was made from is unknown (version.hpp).
kds::SinkNode node_of(const Config& config, const std::string& instance) {
  kds::SinkNode out{.id = config.zone_name,
                    .instance = instance,
                    .version = kuma_version,
                    .git_tag = "unknown",
                    .git_commit = "unknown",
                    .build_date = "unknown",
                    .config = {},
                    .features = {}};
  for (std::string_view feature : kds::own_features()) out.features.emplace_back(feature);
  if (config.federated()) out.config = config_to_json(config).dump();
  return out;
}

kds::GlobalServerOptions global_options(const Config& config, const std::string& instance) {
  return {.node = node_of(config, instance),
          .status = status_options(config, instance),
          .watch = {.poll_interval = config.zone_health_poll_interval,
                    .timeout = config.zone_health_timeout,
                    .close_stale = config.zone_health_close_stale},
          .refresh_interval = config.kds_global_refresh_interval,
          .response_backoff = config.kds_global_response_backoff,
          .send_duration_max = config.kds_global_send_timeout,
          .skip_label_prefixes = config.kds_global_label_prefixes,
          .planted = config.planted.kds};
}

kds::ZoneClientOptions zone_options(const Config& config, const std::string& instance) {
  return {.global = {},
          .tls = nullptr,
          .node = node_of(config, instance),
          .status = status_options(config, instance),
          .refresh_interval = config.kds_zone_refresh_interval,
          .response_backoff = config.kds_zone_response_backoff,
          .send_duration_max = config.kds_zone_send_timeout,
          .message_bytes_max = config.kds_zone_message_bytes_max,
          .skip_label_prefixes = config.kds_zone_label_prefixes,
          .backoff_base = config.component_backoff_base,
          .backoff_max = config.component_backoff_max,
          .planted = config.planted.kds};
}

/// A configuration dump leaves the zone without the tokens in it, as by the zone's own endpoint.
asio::awaitable<Result<std::string>> ask_without_tokens(EnvoyAdminCall ask, ResourcePtr proxy, std::string target) {
  const bool is_dump = target.starts_with("/config_dump");
  auto answer = co_await ask(std::move(proxy), std::move(target));
  if (!answer || !is_dump) co_return answer;
  auto cleaned = without_tokens(std::move(*answer));
  if (!cleaned) co_return fail(Code::data_loss, "Envoy's configuration cannot be read");
  co_return std::move(*cleaned);
}

}  // namespace

Federation::Federation(const Runtime& runtime, const Config& config, Store& store, Manager& manager, Options options)
    : runtime_(runtime), config_(config), store_(store), manager_(manager), options_(std::move(options)) {}

Federation::~Federation() = default;

Result<std::shared_ptr<const TlsContext>> Federation::client_tls() const {
  TlsOptions options;
  options.role = TlsRole::client;
  options.trust_pem = options_.roots;
  options.peer = config_.kds_skip_verify ? TlsPeerCheck::none : TlsPeerCheck::required;
  options.alpn = {"h2"};
  options.clock = &runtime_.clock;
  auto context = TlsContext::create(options);
  constexpr const char* setting = "multizone.zone.kds.rootCaFile";
  if (!context) return fail(context.error().code, std::string(setting) + ": " + context.error().message, setting);
  return std::make_shared<const TlsContext>(std::move(*context));
}

asio::awaitable<Result<>> Federation::start() {
  const bool global = config_.mode == "global";
  if (!global && !config_.federated()) co_return Result<>();
  if (options_.metrics != nullptr) metrics_ = std::make_unique<kds::KdsMetrics>(*options_.metrics);
  if (global) {
    kds::GlobalServerOptions options = global_options(config_, options_.instance);
    options.metrics = metrics_.get();
    global_ = std::make_shared<kds::GlobalServer>(runtime_, store_, manager_, std::move(options));
    co_return co_await global_->start();
  }
  auto address = parse_global_address(config_.global_address);
  if (!address) co_return fail(address.error());
  kds::ZoneClientOptions options = zone_options(config_, options_.instance);
  options.global = {address->host, address->port};
  options.metrics = metrics_.get();
  if (address->tls) {
    auto tls = client_tls();
    if (!tls) co_return fail(tls.error());
    options.tls = std::move(*tls);
  }
  auto ask = [ask = options_.ask_envoy](ResourcePtr proxy, std::string target) {
    return ask_without_tokens(ask, std::move(proxy), std::move(target));
  };
  zone_ = std::make_unique<kds::ZoneClient>(runtime_, store_, std::move(options), std::move(ask));
  co_return Result<>();
}

asio::awaitable<void> Federation::run_feed() {
  if (global_) co_await global_->run();
  if (zone_) co_await zone_->run_feed();
}

asio::awaitable<void> Federation::run_streams() {
  if (global_) co_await global_->watch_zones();
  if (zone_) co_await zone_->run();
}

asio::awaitable<void> Federation::serve(GrpcServerStream stream) {
  assert(global_ != nullptr);
  return global_->serve(std::move(stream));
}

void Federation::stop() {
  if (global_) global_->stop();
  if (zone_) zone_->stop();
}

void Federation::drop(const std::string& zone, const std::string& stream) {
  if (global_) global_->drop(zone, stream);
}

asio::awaitable<void> Federation::wait_idle() {
  if (global_) co_await global_->wait_idle();
  if (zone_) co_await zone_->wait_idle();
}

asio::awaitable<Result<std::string>> Federation::ask_zone(ResourcePtr proxy, std::string target) {
  assert(global_ != nullptr);
  return global_->ask_envoy(std::move(proxy), std::move(target));
}

std::set<std::string> Federation::behind() const { return global_ ? global_->behind() : std::set<std::string>(); }

bool Federation::connected() const { return zone_ && zone_->connected(); }

}  // namespace kumasim::cp
