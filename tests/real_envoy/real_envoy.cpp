#include "tests/real_envoy/real_envoy.hpp"

#include <atomic>
#include <fstream>
#include <future>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/serve.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "tests/real_envoy/bootstrap.hpp"
#include "tests/real_envoy/snapshot_server.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration admin_call_max = 5s;
constexpr auto step = 10ms;
constexpr std::size_t log_tail_bytes = 2000;

/// Counters and gauges that are 0 where every configuration is in use; the filter is a regular expression.
constexpr const char* idle_stats =
    "/stats?filter=(update_rejected%7Cinit_fetch_timeout%7Clistener_create_failure%7Ctotal_listeners_warming%7C"
    "warming_clusters)%24";

std::string tail(std::string text) {
  return text.size() > log_tail_bytes ? text.substr(text.size() - log_tail_bytes) : text;
}

}  // namespace

/// The thread in the network, and what it shares with others.
struct RealEnvoy::Running {
  AdsAnswers answers;
  std::atomic<bool> ended = false;
  live::LiveRuntime* live = nullptr;  ///< of the thread, while it runs
  std::thread thread;

  ~Running() {
    if (live) live->stop();
    if (thread.joinable()) thread.join();
  }

  asio::awaitable<void> watch(live::ChildProcess& child) {
    co_await child.wait();
    ended = true;
  }

  /// The thread's whole life: Envoy is its child and ends with it.
  void run(const Options& options, const live::NetNamespace& network, std::shared_ptr<const cp::Snapshot> snapshot,
           std::promise<Result<>>& started) {
    live::NetNamespace::Inside inside(&network);
    live::LiveRuntime own({.data_directory = options.folder, .log = {.level = LogLevel::off}});
    Runtime& runtime = own.runtime();
    std::string socket = options.folder / "ads.sock", config = options.folder / "bootstrap.json";
    std::ofstream(config) << bootstrap(options, socket);
    Listener listener = runtime.network.listen({socket, 0});
    SnapshotServer server(runtime, std::move(snapshot), answers);
    GrpcHandler ads = [&server](GrpcServerStream stream) { return server.serve(std::move(stream)); };
    spawn(runtime.executor, runtime.log, "ads", serve_listener(runtime, listener, nullptr, nullptr, ads));
    std::vector<std::string> arguments{"--config-path",         config,        "--concurrency",  "1",
                                       "--disable-hot-restart", "--log-level", options.log_level};
    arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
    auto child = live::ChildProcess::start(runtime.executor, {.program = KUMASIM_ENVOY_PATH,
                                                              .arguments = std::move(arguments),
                                                              .output_path = options.folder / "envoy.log"});
    if (!child) return started.set_value(fail(child.error()));
    spawn(runtime.executor, runtime.log, "envoy", watch(*child));
    live = &own;
    started.set_value({});
    own.run();
    child->kill();
  }
};

Result<std::unique_ptr<RealEnvoy>> RealEnvoy::start(const cp::Snapshot& snapshot, Options options) {
  if (!std::filesystem::exists(KUMASIM_ENVOY_PATH)) return fail(Code::unsupported, "there is no Envoy executable");
  NetworkPtr network = options.network;
  if (!network) {
    auto made = make_network();
    if (!made) return fail(made.error());
    network = std::move(*made);
  }
  std::unique_ptr<RealEnvoy> envoy(new RealEnvoy(std::move(options), std::move(network)));
  auto started = std::make_shared<std::promise<Result<>>>();
  auto outcome = started->get_future();
  envoy->running_->thread =
      std::thread([started, &self = *envoy, shared = std::make_shared<const cp::Snapshot>(snapshot)] {
        try {
          self.running_->run(self.options_, *self.network_, shared, *started);
        } catch (const std::exception& error) {
          started->set_value(fail(Code::internal, error.what()));
        }
      });
  if (Result<> done = outcome.get(); !done) return fail(done.error());
  envoy->trouble_ = envoy->settle();
  if (envoy->running_->ended) return fail(Code::unavailable, "Envoy ended: " + tail(envoy->log()));
  return envoy;
}

RealEnvoy::RealEnvoy(Options options, NetworkPtr network)
    : options_(std::move(options)), network_(std::move(network)), running_(std::make_unique<Running>()) {}

RealEnvoy::~RealEnvoy() = default;

std::string RealEnvoy::settle() const {
  const auto end = std::chrono::steady_clock::now() + options_.timeout;
  bool alive = false;
  for (;;) {
    if (running_->ended) return "it ended";
    if (running_->answers.get().settled) alive = live();
    // What it asked for while it became live counts too.
    AdsAnswers::State answers = running_->answers.get();
    if (answers.settled && alive) {
      std::vector<std::string> troubles = idle_configuration();
      for (const std::string& each : answers.missing) troubles.push_back("asked for, and not there: " + each);
      if (!answers.accepted) troubles.push_back("not all was acknowledged");
      return fmt::format("{}", fmt::join(troubles, ", "));
    }
    if (std::chrono::steady_clock::now() >= end)
      return fmt::format("{} in time; {}; its log: {}", alive ? "not all was answered" : "it was not live",
                         fmt::join(idle_configuration(), ", "), tail(log()));
    std::this_thread::sleep_for(step);
  }
}

bool RealEnvoy::live() const { return admin("/ready").starts_with("LIVE"); }

std::vector<std::string> RealEnvoy::idle_configuration() const {
  std::istringstream lines(admin(idle_stats));
  std::vector<std::string> idle;
  for (std::string line; std::getline(lines, line);)
    if (!line.ends_with(": 0")) idle.push_back(line);
  return idle;
}

std::vector<Refusal> RealEnvoy::refusals() const { return running_->answers.get().refusals; }

std::vector<std::string> RealEnvoy::acknowledged() const {
  std::vector<std::string> out;
  for (const auto& [type, version] : running_->answers.get().acknowledged) out.push_back(type);
  return out;
}

std::string RealEnvoy::admin(const std::string& path) const {
  Runtime& runtime = running_->live->runtime();
  std::string url = fmt::format("http://127.0.0.1:{}{}", admin_port(options_.node), path);
  auto answer =
      asio::co_spawn(running_->live->context(),
                     http_call(runtime.network, runtime.timers, std::move(url), HttpRequest(), nullptr, admin_call_max),
                     asio::use_future);
  Result<HttpResponse> response = answer.get();
  return response ? response->body : std::string();
}

std::string RealEnvoy::log() const {
  std::ifstream in(options_.folder / "envoy.log", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace kumasim::test
