/// The REST API from a connection's bytes: HTTP/1.1 is parsed, the handler answers from a store in memory. Input that
/// begins with "=" spares the parser: "=PUT /meshes/default/... HTTP/1.1" lines, each with a body up to the next "\n=".
#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>

#include "check.hpp"
#include "kumasim/runtime/clock.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/rest/rest_api.hpp"
#include "reference-cp/store/memory.hpp"
#include "still_world.hpp"

namespace kumasim::cp {
namespace {

using fuzz::hold;

class FixedClock final : public Clock {
 public:
  WallTime wall_now() const override { return WallTime(std::chrono::seconds(1'800'000'000)); }
  MonotonicTime now() const override { return {}; }
};

struct ControlPlane {
  ControlPlane() : manager(store, clock, nullptr, {}), api(manager, clock, {}) {}

  /// Runs to its end, which is not far: nothing here waits for the world.
  void run(asio::awaitable<void> task) {
    bool ended = false;
    std::exception_ptr thrown;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr error) {
      ended = true;
      thrown = error;
    });
    context.restart();
    context.run();
    hold(ended, "a connection ends with its peer");
    if (thrown) std::rethrow_exception(thrown);
  }

  asio::awaitable<HttpResponse> answer(HttpRequest request) {
    auto response = co_await api.handle(std::move(request));
    hold(response.status >= 200 && response.status < 600, "an answer has a status", std::to_string(response.status));
    hold(response.status != 500, "an answer is no internal error", response.body);
    co_return response;
  }

  asio::io_context context{1};
  FixedClock clock;
  MemoryStore store;
  Manager manager;
  RestApi api;
};

asio::awaitable<void> begin(ControlPlane& cp) {
  auto done = co_await cp.manager.ensure_defaults({});
  hold(done.has_value(), "a store begins");
}

asio::awaitable<void> ask_all(ControlPlane& cp, std::string_view text) {
  for (int i = 0; i < 20 && text.starts_with('='); ++i) {
    auto end = std::min(text.find("\n=", 1), text.size());
    std::string_view one = text.substr(1, end == 0 ? 0 : end - 1);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto line = one.substr(0, one.find('\n'));
    auto space = line.find(' ');
    if (space == std::string_view::npos) continue;
    HttpRequest request{.method = std::string(line.substr(0, space)),
                        .target = std::string(line.substr(space + 1)),
                        .headers = {{"Host", "cp.test"}, {"Content-Type", "application/json"}},
                        .body = std::string(one.substr(std::min(line.size() + 1, one.size())))};
    if (auto version = request.target.find(' '); version != std::string::npos) request.target.resize(version);
    co_await cp.answer(std::move(request));
  }
}

asio::awaitable<void> serve(ControlPlane& cp, std::string bytes, std::string& answer, Timers& timers) {
  auto executor = cp.context.get_executor();
  std::size_t piece = bytes.size() % 3 == 0 ? 7 : 4096;
  Stream stream(std::make_unique<fuzz::KnownStream>(executor, std::move(bytes), piece, answer), executor);
  HttpHandler handler = [&cp](HttpRequest request) { return cp.answer(std::move(request)); };
  co_await serve_http(std::move(stream), handler, {}, timers);
}

}  // namespace
}  // namespace kumasim::cp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kumasim::cp;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ControlPlane cp;
  kumasim::fuzz::StillTimers timers(cp.context.get_executor());
  cp.run(begin(cp));
  std::string answer;
  if (text.starts_with('='))
    cp.run(ask_all(cp, text));
  else
    cp.run(serve(cp, std::string(text), answer, timers));
  if (!answer.empty())
    hold(answer.starts_with("HTTP/1.1 ") || answer.starts_with("HTTP/1.0 "), "an answer is HTTP",
         answer.substr(0, 100));
  return 0;
}
