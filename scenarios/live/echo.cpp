/// `kumasim-echo`: the application of live scenarios. Answers every request, of HTTP or gRPC, with who it is, after a
/// drawn delay.
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/delay_law.hpp"
#include "kumasim/transport/serve.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/system.hpp"

namespace {

using namespace kumasim;

struct EchoOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 3000;
  std::string name = "echo";
  std::string law = "const";
  std::int64_t a = 0, b = 0;  // nanoseconds
  std::uint32_t b_ppm = 0;
};

sim::DelayLaw law_of(const EchoOptions& options) {
  Duration a(options.a), b(options.b);
  if (options.law == "uniform") return sim::DelayLaw::uniform({.min = a, .max = b});
  if (options.law == "exp") return sim::DelayLaw::exponential(a);
  if (options.law == "lognormal") return sim::DelayLaw::lognormal({.p50 = a, .p99 = b});
  if (options.law == "normal") return sim::DelayLaw::normal({.mean = a, .deviation = b});
  if (options.law == "bimodal") return sim::DelayLaw::bimodal({.fast = a, .slow = b, .slow_ppm = options.b_ppm});
  return sim::DelayLaw::constant(a);
}

/// `identity` is the caller's SPIFFE ID as the proxy forwards it; "" where the request did not come through mTLS.
std::string answer(const EchoOptions& options, const std::string& path, const Headers& headers) {
  nlohmann::json body{
      {"instance", options.name}, {"path", path}, {"identity", std::string(headers.get("x-forwarded-client-cert"))}};
  return body.dump();
}

asio::awaitable<void> serve(Runtime& runtime, const EchoOptions& options, Listener& listener) {
  sim::DelayLaw law = law_of(options);
  auto work = [&runtime, law]() -> asio::awaitable<void> {
    Duration delay = law.draw(runtime.random);
    if (delay > Duration(0)) co_await sleep(runtime.timers, delay);
  };
  HttpHandler http = [&options, work](HttpRequest request) -> asio::awaitable<HttpResponse> {
    co_await work();
    HttpResponse out;
    out.headers.add("Content-Type", "application/json");
    out.body = answer(options, request.target, request.headers);
    co_return out;
  };
  // Of any method: the message that it is asked with is not read, and its own is the same JSON.
  GrpcHandler grpc = [&options, work](GrpcServerStream stream) -> asio::awaitable<void> {
    co_await work();
    co_await stream.write(answer(options, stream.path(), stream.metadata()));
  };
  co_await serve_listener(runtime, listener, nullptr, http, grpc);
}

asio::awaitable<void> stop(live::LiveRuntime& live) {
  co_await live::wait_for_stop();
  live.stop();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Answers every request of HTTP or gRPC with its own name: the application of live scenarios.",
               "kumasim-echo");
  EchoOptions options;
  app.add_option("--address", options.address, "Address to listen on")->capture_default_str();
  app.add_option("--port", options.port, "Port to listen on")->capture_default_str();
  app.add_option("--name", options.name, "Name that it answers with")->capture_default_str();
  app.add_option("--law", options.law, "Law of the delay")
      ->check(CLI::IsMember({"const", "uniform", "exp", "lognormal", "normal", "bimodal"}))
      ->capture_default_str();
  app.add_option("--a", options.a, "First parameter of the law, in nanoseconds");
  app.add_option("--b", options.b, "Second parameter of the law, in nanoseconds");
  app.add_option("--b-ppm", options.b_ppm, "bimodal: of a million delays, how many are the second parameter");
  CLI11_PARSE(app, argc, argv);
  live::LiveRuntime live({.log = {.level = LogLevel::warn}});
  Runtime& runtime = live.runtime();
  try {
    Listener listener = runtime.network.listen({options.address, options.port});
    spawn(runtime.executor, runtime.log, "serve", serve(runtime, options, listener));
    spawn(runtime.executor, runtime.log, "signals", stop(live));
    live.run();
  } catch (const boost::system::system_error& error) {
    std::fprintf(stderr, "kumasim-echo: cannot listen on %s:%u: %s\n", options.address.c_str(), unsigned{options.port},
                 error.code().message().c_str());
    return 1;
  }
  return 0;
}
