/// A REST API over a store in memory, with a clock that moves when it is told to: what the tests of rest/ ask.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/log.hpp"
#include "reference-cp/insights/insight_writer.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/rest/rest_api.hpp"
#include "reference-cp/store/memory.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::testing {

class FixedClock : public Clock {
 public:
  WallTime wall_now() const override { return time; }
  MonotonicTime now() const override { return MonotonicTime{}; }

  WallTime time{std::chrono::seconds(1'800'000'000)};
};

class NoLog : public Log {
 public:
  void write(const LogRecord&) override {}
};

struct CpUnderTest {
  explicit CpUnderTest(ManagerOptions manager_options = {}, RestOptions rest_options = {})
      : manager(store, clock, nullptr, std::move(manager_options)), api(manager, clock, std::move(rest_options)) {
    auto done = run_now(manager.ensure_defaults({}));
    EXPECT_TRUE(done.has_value());
    EXPECT_TRUE(run_now(insights.start()));
  }

  /// What the control plane does some time after a change.
  void write_insights() {
    auto write = [](InsightWriter& writer) -> asio::awaitable<bool> {
      co_await writer.write_due();
      co_return writer.idle();
    };
    EXPECT_TRUE(run_now(write(insights)));
  }

  HttpResponse ask(HttpRequest request) {
    request.headers.set("Host", "cp.test");
    return run_now(api.handle(std::move(request)));
  }
  HttpResponse get(std::string target) { return ask({.method = "GET", .target = std::move(target)}); }
  HttpResponse put(std::string target, const nlohmann::json& body) {
    return ask({.method = "PUT",
                .target = std::move(target),
                .headers = {{"Content-Type", "application/json"}},
                .body = body.dump()});
  }
  HttpResponse remove(std::string target) { return ask({.method = "DELETE", .target = std::move(target)}); }

  FixedClock clock;
  NoLog log;
  MemoryStore store;
  Manager manager;
  RestApi api;
  InsightWriter insights{clock, log, store};
};

}  // namespace kumasim::cp::testing
