#include "reference-cp/app/kuma_cp/hds_server.hpp"

#include <exception>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_cp/generation_metrics.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/hds/session.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view method = "/envoy.service.health.v3.HealthDiscoveryService/StreamHealthCheck";
constexpr std::string_view component = "hds";
/// A proxy names itself at once.
constexpr Duration first_message_max = std::chrono::seconds(10);
/// A proxy that brings its Dataplane along does so on its ADS stream, which opens at the same time.
constexpr Duration dataplane_wait = std::chrono::seconds(1);
constexpr int dataplane_waits_max = 30;
constexpr int attempts_max = 5;

HdsSettings settings_of(const Config& config) {
  return {.interval = config.hds_interval,
          .check_timeout = config.hds_check_timeout,
          .check_interval = config.hds_check_interval,
          .check_no_traffic_interval = config.hds_check_no_traffic_interval,
          .healthy_threshold = config.hds_healthy_threshold,
          .unhealthy_threshold = config.hds_unhealthy_threshold,
          .admin_port = config.admin_port};
}

}  // namespace

struct HdsServer::Call {
  Call(Timers& timers, GrpcServerStream given, HdsSettings settings)
      : stream(std::move(given)), session(settings), timer(timers) {}
  GrpcServerStream stream;
  HdsSession session;
  Timer timer;  ///< of the first message, then of the next look at the Dataplane
  bool over = false;
};

bool HdsServer::serves(std::string_view path) const { return config_.hds_enabled && path == method; }

asio::awaitable<void> HdsServer::serve(GrpcServerStream stream) {
  auto call = std::make_shared<Call>(runtime_.timers, std::move(stream), settings_of(config_));
  ++counts_.streams;
  std::exception_ptr escaped;
  try {
    co_await read_all(call);
  } catch (...) {
    escaped = std::current_exception();
  }
  --counts_.streams;
  call->over = true;
  call->timer.cancel();
  if (escaped) std::rethrow_exception(escaped);
}

asio::awaitable<void> HdsServer::read_all(CallPtr call) {
  call->timer.expires_after(first_message_max);
  call->timer.async_wait([weak = std::weak_ptr(call)](error_code error) {
    auto alive = weak.lock();
    if (!error && alive)
      alive->stream.drop({GrpcCode::deadline_exceeded, "the proxy does not ask for what it is to probe"});
  });
  while (auto bytes = co_await call->stream.read()) {
    HdsActions actions = call->session.on_message(*bytes);
    if (actions.refused) co_return refuse(*call, *actions.refused);
    if (actions.claim) {
      ++counts_.requests;
      call->timer.cancel();
      auto admitted = co_await admit(call);
      if (!admitted) co_return refuse(*call, admitted.error());
      call->session.on_admitted();
      spawn(runtime_.executor, runtime_.log, "hds.refresh", refresh(call));
    }
    if (actions.report) {
      ++counts_.reports;
      auto written = co_await write(call->session.key(), std::move(*actions.report));
      if (!written) co_return refuse(*call, written.error());
    }
  }
}

/// Kuma's callbacks give plain errors, which its gRPC server reports as UNKNOWN.
void HdsServer::refuse(const Call& call, const Error& error) {
  runtime_.log.warn(component, "stream refused",
                    {{"mesh", call.session.key().mesh}, {"proxy", call.session.key().name}, {"error", error.message}});
  call.stream.finish(GrpcCode::unknown, error.message);
}

asio::awaitable<Result<>> HdsServer::admit(CallPtr call) {
  const ResourceKey key = call->session.key();
  for (int waits = 0;; ++waits) {
    auto held = co_await manager_.store().get(kind::dataplane(), key);
    if (held) break;
    if (held.error().code != Code::not_found) co_return fail(held.error());
    if (waits == dataplane_waits_max || call->stream.over())
      co_return fail(Code::not_found,
                     "dataplane not found. Create Dataplane in Kuma CP first or pass it as an argument to kuma-dp");
    co_await sleep(runtime_.timers, dataplane_wait);
  }
  const ProxyAuthenticator::Claim claim{"dataplane", key, {}};
  co_return co_await authenticator_.authenticate(claim, call->stream.metadata());
}

asio::awaitable<void> HdsServer::refresh(CallPtr call) {
  while (!call->over) {
    bool goes_on = false;
    try {
      goes_on = co_await look(call);
    } catch (const std::exception& error) {
      fail_proxy(*call, error.what());
    }
    if (!goes_on || call->over) co_return;
    call->timer.expires_after(config_.hds_refresh_interval);
    co_await call->timer.async_wait();
  }
}

asio::awaitable<bool> HdsServer::look(CallPtr call) {
  const MonotonicTime begun = runtime_.clock.now();
  const ResourceKey key = call->session.key();
  ResourcePtr dataplane = reconciler_.views().find(kind::dataplane().type(), key);
  if (!dataplane) {
    // Just written, or gone.
    auto held = co_await manager_.store().get(kind::dataplane(), key);
    if (held) dataplane = *held;
  }
  if (!dataplane) {
    ++counts_.generation_errors;
    co_return true;
  }
  ++counts_.generations;
  HdsActions actions = call->session.on_dataplane(*dataplane);
  if (metrics_ != nullptr) metrics_->hds_generated(runtime_.clock.now() - begun);
  if (!actions.send) co_return true;
  GrpcSlices slices = {std::move(actions.send)};
  co_return co_await call->stream.write(std::move(slices));
}

void HdsServer::fail_proxy(const Call& call, std::string_view reason) {
  ++counts_.generation_errors;
  runtime_.log.error(component, "proxy not told what to probe",
                     {{"mesh", call.session.key().mesh}, {"proxy", call.session.key().name}, {"error", reason}});
  call.stream.drop({GrpcCode::internal, "what the proxy is to probe could not be made"});
}

/// Proxies report all the time, and seldom anything new: what changes nothing in the view, which is a batch behind at
/// most, is not looked up.
asio::awaitable<Result<>> HdsServer::write(ResourceKey key, HealthReport report) {
  if (ResourcePtr seen = reconciler_.views().find(kind::dataplane().type(), key)) {
    nlohmann::json spec = seen->spec;
    if (!apply_report(report, spec)) co_return Result<>();
  }
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    auto held = co_await manager_.store().get(kind::dataplane(), key);
    if (!held) co_return fail(held.error());
    Resource changed = **held;
    if (!apply_report(report, changed.spec)) co_return Result<>();
    auto done = co_await manager_.update(std::move(changed));
    if (done) {
      runtime_.log.info(component, "health of a proxy's inbounds has changed",
                        {{"mesh", key.mesh}, {"proxy", key.name}});
      co_return Result<>();
    }
    if (done.error().error.code != Code::conflict) co_return fail(done.error().error);
  }
  // It is being written to; the next report comes soon.
  co_return Result<>();
}

}  // namespace kumasim::cp
