/// Answering /ready.
#include "reference-cp/app/kuma_dp/readiness.hpp"

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/url.hpp"

namespace kumasim::dp {

std::string readiness_socket(const std::string& work_directory) {
  constexpr std::size_t name_bytes_max = 98;
  auto name = work_directory + (work_directory.ends_with('/') ? "" : "/") + "kuma-readiness-reporter";
  return name.substr(0, name_bytes_max) + ".sock";
}

HttpResponse Readiness::answer(const HttpRequest& request) const {
  if (parse_target(request.target).path != "/ready")
    return {.status = 404, .headers = {{"content-type", "text/plain; charset=utf-8"}}, .body = "404 page not found\n"};
  return {.status = terminating_ ? 503 : 200,
          .headers = {{"content-type", "text/plain"},
                      {"cache-control", "no-cache, max-age=0"},
                      {"x-powered-by", "kuma-dp"}},
          .body = terminating_ ? "TERMINATING" : "READY"};
}

asio::awaitable<void> serve_readiness(Runtime& runtime, Listener listener, const Readiness& readiness) {
  auto handler = [&readiness](HttpRequest request) -> asio::awaitable<HttpResponse> {
    co_return readiness.answer(request);
  };
  for (;;) {
    auto stream = co_await listener.accept();
    spawn(runtime.executor, runtime.log, "readiness", serve_http(std::move(stream), handler, {}, runtime.timers));
  }
}

}  // namespace kumasim::dp
