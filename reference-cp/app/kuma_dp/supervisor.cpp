/// Starting, watching, draining and stopping Envoy.
#include "reference-cp/app/kuma_dp/supervisor.hpp"

#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/app/kuma_dp/envoy.hpp"
#include "reference-cp/auth/jwt.hpp"
#include "reference-cp/live/disk.hpp"

namespace kumasim::dp {
namespace {

constexpr std::size_t happenings_max = 64;
/// Envoy that does not end on SIGTERM is killed (Kuma's WaitDelay).
constexpr auto stop_grace = std::chrono::seconds(5);
constexpr auto admin_call_max = std::chrono::seconds(5);
/// Kuma 2.12.14 ships Envoy 1.35; others of its minor version are taken as compatible, the rest is only told.
constexpr std::string_view envoy_expected = "1.35.";

std::string trimmed(std::string text) {
  auto space = [](unsigned char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && space(text.back())) text.pop_back();
  while (!text.empty() && space(text.front())) text.erase(0, 1);
  return text;
}

Error token_invalid(const std::string& why) {
  return {
      Code::invalid_argument,
      "dataplane token is invalid, in Kubernetes you must mount a serviceAccount token, in universal you must start "
      "your proxy with a generated token.: " +
          why,
      {}};
}

}  // namespace

Supervisor::Supervisor(Runtime& runtime, Config config, std::string dataplane_json)
    : runtime_(runtime),
      config_(std::move(config)),
      dataplane_json_(std::move(dataplane_json)),
      happenings_(runtime.executor, happenings_max),
      restart_pause_(config_.component_backoff_base) {}

asio::awaitable<Result<>> Supervisor::run() {
  spawn(runtime_.executor, runtime_.log, "kuma-dp.signals", watch_signals());
  if (auto done = co_await bootstrap(); !done) co_return done;
  if (auto done = start_readiness(); !done) co_return done;
  if (auto done = start_envoy(); !done) co_return done;
  auto outcome = co_await watch();
  co_await stop_envoy();
  runtime_.log.info("kuma-dp.run", "stopping Kuma DP");
  co_return outcome;
}

asio::awaitable<void> Supervisor::watch_signals() {
  live::Signals signals(runtime_.executor, {SIGINT, SIGTERM, SIGUSR2});
  for (int stops = 0;;) {
    auto number = co_await signals.next();
    if (number == SIGUSR2) {
      happenings_.try_send(Happening::drain_forever);
      continue;
    }
    ++stops;
    constexpr const char* meaning[] = {"received signal, stopping instance gracefully",
                                       "received second signal, stopping instance",
                                       "received third signal, force exit"};
    runtime_.log.info("runtime", meaning[stops - 1], {{"signal", number}});
    if (stops == 3) std::_Exit(1);
    happenings_.try_send(stops == 1 ? Happening::stop : Happening::stop_at_once);
  }
}

asio::awaitable<Result<BootstrapRequest>> Supervisor::make_request() {
  auto found = find_envoy(config_.binary_path);
  if (!found) co_return fail(found.error());
  program_ = std::move(*found);
  auto version = co_await ask_envoy_version(program_, config_.work_dir);
  if (!version) co_return fail(version.error().code, "failed to get Envoy version: " + version.error().message);
  auto compatible = version->version.starts_with(envoy_expected);
  if (!compatible)
    runtime_.log.info("kuma-dp.run.envoy", "Envoy version incompatible",
                      {{"expected", std::string(envoy_expected) + "x"}, {"current", version->version}});
  BootstrapRequest request;
  if (!config_.token.empty()) {
    config_.token_path = config_.work_dir + "/" + config_.name;
    auto written = live::write_file(config_.token_path, config_.token, {.secret = true});
    if (!written) co_return fail(written.error());
  }
  if (!config_.token_path.empty()) {
    auto token = live::read_file(config_.token_path);
    if (!token) co_return fail(token_invalid(token.error().message));
    request.dataplane_token = trimmed(std::move(*token));
    if (request.dataplane_token.empty())
      co_return fail(Code::invalid_argument, "dataplane token is invalid: token file is empty: " + config_.token_path);
    // As Kuma's: what is no token at all is told at once, and not by streams that the control plane refuses for ever.
    if (auto read = cp::parse_jwt(request.dataplane_token); !read)
      co_return fail(token_invalid("not valid JWT token. Can't parse it.: " + read.error().message));
    request.dataplane_token_path = config_.token_path;
  }
  request.mesh = config_.mesh;
  request.name = config_.name;
  request.proxy_type = config_.proxy_type;
  request.dataplane_resource = dataplane_json_;
  request.ca_cert = config_.ca_cert;
  request.envoy_version = version->version;
  request.envoy_build = version->build;
  request.envoy_compatible = compatible;
  request.dns_port = config_.envoy_dns_port;
  request.readiness_port = config_.readiness_port;
  request.app_probe_proxy = config_.app_probe_proxy_port > 0;
  request.features = features(config_);
  request.heap_bytes_max = config_.memory_bytes_max;
  request.workdir = config_.socket_dir;
  request.metrics_cert_path = config_.metrics_cert_path;
  request.metrics_key_path = config_.metrics_key_path;
  request.system_ca_path = config_.system_ca_path;
  request.transparent_proxy = config_.transparent_proxy;
  request.ipv6_enabled = config_.ipv6_enabled;
  co_return request;
}

asio::awaitable<void> Supervisor::fetch(BootstrapRequest request) {
  BootstrapOptions options{.control_plane_url = config_.control_plane_url,
                           .trust_pem = config_.ca_cert,
                           .verify = !config_.skip_verify,
                           .retry_backoff = config_.retry_backoff,
                           .retry_duration_max = config_.retry_duration_max};
  if (options.verify && options.trust_pem.empty() && !config_.system_ca_path.empty())
    options.trust_pem = live::read_file(config_.system_ca_path).value_or("");
  fetched_ = co_await fetch_bootstrap(runtime_, std::move(request), std::move(options));
  happenings_.try_send(Happening::bootstrap);
}

asio::awaitable<Result<>> Supervisor::bootstrap() {
  auto request = co_await make_request();
  if (!request) co_return fail(request.error());
  runtime_.log.info("kuma-dp.run", "fetching bootstrap configuration");
  spawn(runtime_.executor, runtime_.log, "kuma-dp.bootstrap", fetch(std::move(*request)));
  for (;;) {
    auto happening = co_await happenings_.receive();
    if (happening == Happening::bootstrap) break;
    if (happening == Happening::stop || happening == Happening::stop_at_once)
      co_return fail(Code::cancelled, "Failed to fetch Envoy bootstrap config. stopped by a signal");
  }
  if (!*fetched_)
    co_return fail(fetched_->error().code, "Failed to fetch Envoy bootstrap config. " + fetched_->error().message);
  const auto& response = **fetched_;
  auto admin = admin_address(response.bootstrap);
  if (!admin) co_return fail(admin.error());
  admin_ = *admin;
  runtime_.log.info("kuma-dp.run", "received bootstrap configuration", {{"adminPort", admin_.port}});
  bootstrap_path_ = config_.work_dir + "/bootstrap.yaml";
  auto written = live::write_file(bootstrap_path_, response.bootstrap, {.secret = true});
  if (!written)
    co_return fail(written.error().code,
                   "failed to persist Envoy bootstrap config on disk: " + written.error().message);
  runtime_.log.info("kuma-dp.run.envoy", "bootstrap configuration saved to a file", {{"file", bootstrap_path_}});
  co_return Result<>();
}

Result<> Supervisor::start_readiness() {
  Address address{admin_.host.empty() ? "127.0.0.1" : admin_.host, static_cast<std::uint16_t>(config_.readiness_port)};
  if (!config_.readiness_unix_socket_disabled) address = {readiness_socket(config_.socket_dir), 0};
  try {
    auto listener = runtime_.network.listen(address);
    runtime_.log.info("readiness", "starting readiness reporter", {{"addr", address.host}, {"port", address.port}});
    spawn(runtime_.executor, runtime_.log, "readiness", serve_readiness(runtime_, std::move(listener), readiness_));
  } catch (const boost::system::system_error& error) {
    return fail(to_error(error, "cannot listen for readiness on " + to_string(address)));
  }
  return {};
}

Result<> Supervisor::start_envoy() {
  auto arguments = envoy_arguments(config_, bootstrap_path_);
  runtime_.log.info("kuma-dp.run.envoy", "starting Envoy",
                    {{"path", program_}, {"arguments", fmt::format("{}", fmt::join(arguments, " "))}});
  auto child = live::ChildProcess::start(runtime_.executor, {.program = program_, .arguments = std::move(arguments)});
  if (!child) return fail(child.error());
  envoy_.emplace(std::move(*child));
  envoy_status_.reset();
  spawn(runtime_.executor, runtime_.log, "kuma-dp.envoy", watch_envoy());
  return {};
}

asio::awaitable<void> Supervisor::watch_envoy() {
  envoy_status_ = co_await envoy_->wait();
  co_await happenings_.send(Happening::envoy_ended);
}

asio::awaitable<Result<>> Supervisor::watch() {
  auto drained = false;
  for (;;) {
    auto happening = co_await happenings_.receive();
    if (!happening || happening == Happening::stop_at_once) co_return Result<>();
    if (happening == Happening::drain_forever && !std::exchange(drained, true)) co_await drain_forever();
    if (happening == Happening::envoy_ended && envoy_status_) {
      const live::ExitStatus status = *envoy_status_;
      if (status.success()) {
        runtime_.log.info("kuma-dp.run.envoy", "Envoy terminated successfully");
        co_return Result<>();
      }
      if (auto done = co_await restart_envoy(status); !done) co_return done;
    }
    if (happening == Happening::stop) {
      runtime_.log.info("kuma-dp.run", "Kuma DP caught an exit signal");
      if (drained)
        runtime_.log.info("kuma-dp.run", "already drained, exit immediately");
      else
        co_await drain();
      runtime_.log.info("kuma-dp.run", "stopping all Kuma DP components");
      co_return Result<>();
    }
  }
}

asio::awaitable<Result<>> Supervisor::restart_envoy(live::ExitStatus status) {
  runtime_.log.error("kuma-dp.run.envoy", "Envoy terminated with an error", {{"error", to_string(status)}});
  if (!config_.restart_envoy) co_return fail(Code::unavailable, "Envoy terminated with an error: " + to_string(status));
  auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(restart_pause_).count();
  runtime_.log.info("kuma-dp.run.envoy", "starting Envoy again", {{"pause_ms", pause}});
  co_await sleep(runtime_.timers, restart_pause_);
  restart_pause_ = std::min(restart_pause_ * 2, config_.component_backoff_max);
  co_return start_envoy();
}

asio::awaitable<void> Supervisor::drain() {
  readiness_.set_terminating();
  runtime_.log.info("kuma-dp.run", "draining Envoy connections");
  if (auto done = co_await admin_post("/healthcheck/fail"); !done) {
    runtime_.log.error("kuma-dp.run", "could not drain connections", {{"error", done.error().message}});
    co_return;
  }
  auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(config_.drain_time).count();
  runtime_.log.info("kuma-dp.run", "waiting for connections to be drained", {{"waitTime_ms", wait}});
  auto until = runtime_.timers.now() + config_.drain_time;
  for (;;) {
    auto left = until - runtime_.timers.now();
    if (left <= Duration::zero()) co_return;
    auto happening = co_await with_timeout(runtime_.timers, left, happenings_.receive());
    if (!happening) co_return;
    if (*happening == Happening::stop_at_once || *happening == Happening::envoy_ended) co_return;
  }
}

asio::awaitable<void> Supervisor::drain_forever() {
  runtime_.log.info("kuma-dp.run", "draining Envoy connections");
  if (auto done = co_await admin_post("/drain_listeners?inboundonly&graceful&skip_exit"); !done)
    runtime_.log.error("kuma-dp.run", "could not drain connections", {{"error", done.error().message}});
}

asio::awaitable<Result<>> Supervisor::admin_post(std::string target) {
  auto url = fmt::format("http://127.0.0.1:{}{}", admin_.port, target);
  auto answer = co_await http_call(runtime_.network, runtime_.timers, url, {.method = "POST"}, nullptr, admin_call_max);
  if (!answer) co_return fail(answer.error());
  if (answer->status != 200)
    co_return fail(Code::unavailable, fmt::format("expected 200 status code, got {}", answer->status));
  co_return Result<>();
}

asio::awaitable<void> Supervisor::stop_envoy() {
  if (!envoy_ || envoy_->status()) co_return;
  runtime_.log.info("kuma-dp.run.envoy", "stopping Envoy");
  envoy_->terminate();
  // The other waiter is watch_envoy(): its word comes through the channel.
  auto until = runtime_.timers.now() + stop_grace;
  while (!envoy_->status()) {
    auto left = until - runtime_.timers.now();
    if (left <= Duration::zero()) {
      runtime_.log.warn("kuma-dp.run.envoy", "Envoy did not stop in time, killing it");
      envoy_->kill();
      co_return;
    }
    co_await with_timeout(runtime_.timers, left, happenings_.receive());
  }
}

}  // namespace kumasim::dp
