/// POST /bootstrap, as kuma-dp run does it.
#include "scenarios/engine/sidecar.hpp"

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration patience = std::chrono::seconds(5);
constexpr Duration pause_between = std::chrono::seconds(1);

std::string request_body(const SidecarOptions& options) {
  nlohmann::json body{{"mesh", options.dataplane["mesh"]},
                      {"name", options.dataplane["name"]},
                      {"proxyType", "dataplane"},
                      {"dataplaneResource", options.dataplane.dump()},
                      {"version",
                       {{"kumaDp", {{"version", "2.12.0"}}},
                        {"envoy", {{"version", "1.40.0"}, {"build", "simulated"}, {"kumaDpCompatible", true}}}}},
                      {"features", {"feature-tcp-accesslog-via-named-pipe"}},
                      {"workdir", "/tmp/kuma-dp"}};
  return body.dump();
}

}  // namespace

asio::awaitable<std::string> fetch_bootstrap(Runtime& runtime, SidecarOptions options) {
  auto tls = TlsContext::create({.role = TlsRole::client, .peer = TlsPeerCheck::none, .clock = &runtime.clock});
  std::string url = fmt::format("https://{}:{}/bootstrap", options.control_plane, options.port);
  while (true) {
    HttpRequest request;
    request.method = "POST";
    request.headers.add("Content-Type", "application/json");
    request.body = request_body(options);
    auto answer = co_await http_call(runtime.network, runtime.timers, url, std::move(request), &*tls, patience);
    if (answer && answer->status == 200) co_return std::move(answer->body);
    runtime.log.warn("kuma-dp", "no bootstrap configuration yet",
                     {{"reason", answer ? fmt::format("status {} {}", answer->status, answer->body.substr(0, 200))
                                        : answer.error().message}});
    co_await sleep(runtime.timers, pause_between);
  }
}

}  // namespace kumasim::scenario
