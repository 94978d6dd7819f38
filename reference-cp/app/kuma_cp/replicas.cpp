#include "reference-cp/app/kuma_cp/replicas.hpp"

#include <stdexcept>
#include <utility>

#include "reference-cp/app/kuma_cp/tls_bounds.hpp"
#include "reference-cp/intercp/inter_cp.hpp"

namespace kumasim::cp {
namespace {

/// The settings were judged when they were read.
TlsOptions server_tls(const Config& config) {
  TlsOptions out;
  auto bounds = tls_bounds(config.inter_cp_tls, "interCp.server");
  if (!bounds) return out;
  out.version_min = bounds->version_min;
  out.version_max = bounds->version_max;
  out.ciphers_tls12 = bounds->ciphers_tls12;
  return out;
}

}  // namespace

Replicas::Replicas(const Runtime& runtime, const Config& config, Store& store, Options options)
    : runtime_(runtime),
      config_(config),
      options_(std::move(options)),
      leadership_(runtime.executor),
      prepared_(runtime.executor) {
  if (options_.election == nullptr) {
    leadership_.set(true);
    return;
  }
  inter_cp_ = std::make_unique<intercp::InterCp>(
      runtime_, store,
      intercp::InterCpOptions{.self = {.id = options_.instance,
                                       .address = config_.inter_cp_address,
                                       .port = static_cast<std::uint16_t>(config_.inter_cp_port)},
                              .key = options_.key,
                              .heartbeat_interval = config_.inter_cp_heartbeat_interval,
                              .writer_interval = config_.inter_cp_writer_interval,
                              .server_tls = server_tls(config_),
                              .leads = [this] { return leadership_.held(); },
                              .ask_here = options_.ask_zone});
}

Replicas::~Replicas() = default;

asio::awaitable<void> Replicas::run_election() { return options_.election->run(options_.instance, leadership_); }

asio::awaitable<void> Replicas::run_writer() { return inter_cp_->run_writer(); }

asio::awaitable<void> Replicas::run(Serve serve) {
  auto tls = co_await inter_cp_->prepare();
  if (!tls) throw std::runtime_error(tls.error().message);
  prepared_.set();
  co_await serve(listener_, *tls, [this](GrpcServerStream stream) { return inter_cp_->serve(std::move(stream)); });
}

asio::awaitable<void> Replicas::run_heartbeat() {
  co_await prepared_.wait();
  co_await inter_cp_->run_heartbeat();
}

asio::awaitable<void> Replicas::leave() {
  co_await inter_cp_->leave();
  co_await options_.election->resign();
}

asio::awaitable<Result<std::string>> Replicas::ask_zone(ResourcePtr proxy, std::string target) {
  if (!inter_cp_) return options_.ask_zone(std::move(proxy), std::move(target));
  return inter_cp_->ask_envoy(std::move(proxy), std::move(target));
}

}  // namespace kumasim::cp
