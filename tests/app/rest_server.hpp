/// The REST API over a store in memory, served on loopback by a thread of its own, for tests of command lines.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/serve.hpp"
#include "reference-cp/insights/insight_writer.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/rest/rest_api.hpp"
#include "reference-cp/store/memory.hpp"

namespace kumasim::cp::testing {

struct RestServerOptions {
  RestOptions rest = {};
  std::shared_ptr<const TlsContext> tls = nullptr;
  HttpHandler handler = nullptr;  ///< in place of the API
};

class RestServer {
 public:
  explicit RestServer(RestServerOptions options = {}) : options_(std::move(options)) {
    thread_ = std::thread([this] { run(); });
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return port_ != 0; });
  }
  ~RestServer() {
    live_->stop();
    thread_.join();
  }

  std::string url() const {
    return std::string(options_.tls ? "https" : "http") + "://127.0.0.1:" + std::to_string(port_);
  }

 private:
  void run() {
    live::LiveRuntime live{{.log = {.level = LogLevel::off}}};
    MemoryStore store;
    Manager manager(store, live.runtime().clock, nullptr, {});
    RestApi api(manager, live.runtime().clock, options_.rest);
    InsightWriter insights(live.runtime().clock, live.runtime().log, store);
    spawn(live.runtime().executor, live.runtime().log, "server", serve(live.runtime(), api, insights));
    live_ = &live;
    live.run();
  }

  asio::awaitable<void> serve(Runtime& runtime, RestApi& api, InsightWriter& insights) {
    (void)co_await insights.start();
    auto listener = runtime.network.listen({"127.0.0.1", 0});
    {
      std::lock_guard lock(mutex_);
      port_ = listener.port();
    }
    ready_.notify_all();
    HttpHandler handler = options_.handler;
    if (!handler)
      handler = [&](HttpRequest request) -> asio::awaitable<HttpResponse> {
        co_await insights.write_due();  // what a control plane does some time after a change
        co_return co_await api.handle(std::move(request));
      };
    co_await serve_listener(runtime, listener, options_.tls, handler, nullptr);
  }

  RestServerOptions options_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::uint16_t port_ = 0;
  live::LiveRuntime* live_ = nullptr;
  std::thread thread_;
};

}  // namespace kumasim::cp::testing
