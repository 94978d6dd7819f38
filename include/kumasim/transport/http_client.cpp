/// http_call, and the client that keeps its connections.
#include <vector>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http1_connection.hpp"

namespace kumasim {

namespace {

asio::awaitable<Result<HttpResponse>> call_once(Network& network, Url url, HttpRequest request, const TlsContext* tls,
                                                HttpLimits limits) {
  auto stream = co_await http_connect(network, url, tls);
  if (!stream) co_return fail(stream.error());
  request.headers.set("Connection", "close");
  Http1Connection connection(std::move(*stream));
  auto outcome = co_await connection.call(request, limits);
  co_return std::move(outcome.response);
}

/// RFC 9110, 9.2.2: what may be sent again where nobody knows whether the first one was carried out.
bool idempotent(const std::string& method) { return method != "POST" && method != "PATCH"; }

}  // namespace

asio::awaitable<Result<HttpResponse>> http_call(Network& network, Timers& timers, std::string url, HttpRequest request,
                                                const TlsContext* tls, Duration timeout, HttpLimits limits) {
  auto parsed = parse_url(url);
  if (!parsed) co_return fail(parsed.error());
  if (request.target.empty() || request.target == "/") request.target = parsed->target;
  if (!request.headers.has("Host")) request.headers.set("Host", parsed->authority());
  auto task = call_once(network, std::move(*parsed), std::move(request), tls, limits);
  auto response = co_await with_timeout(timers, timeout, std::move(task));
  if (!response && response.error().code == Code::deadline_exceeded)
    co_return fail(Code::deadline_exceeded, "no answer from " + url + " within the time limit");
  co_return response;
}

struct HttpClient::State {
  Network& network;
  Timers& timers;
  Result<Url> base;
  Options options;
  std::vector<std::unique_ptr<Http1Connection>> idle = {};
  std::size_t opened = 0;

  static asio::awaitable<Result<HttpResponse>> call(std::shared_ptr<State> self, HttpRequest request);
};

HttpClient::HttpClient(Network& network, Timers& timers, std::string base, Options options)
    : state_(std::make_shared<State>(State{network, timers, parse_url(base), std::move(options)})) {}

HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

std::size_t HttpClient::connections_opened() const { return state_->opened; }

asio::awaitable<Result<HttpResponse>> HttpClient::State::call(std::shared_ptr<State> self, HttpRequest request) {
  for (;;) {
    std::unique_ptr<Http1Connection> connection;
    auto kept = !self->idle.empty();
    if (kept) {
      connection = std::move(self->idle.back());
      self->idle.pop_back();
    } else {
      auto stream = co_await http_connect(self->network, *self->base, self->options.tls);
      if (!stream) co_return fail(stream.error());
      connection = std::make_unique<Http1Connection>(std::move(*stream));
      ++self->opened;
    }
    auto outcome = co_await connection->call(request, self->options.limits);
    if (kept && outcome.untouched && idempotent(request.method)) continue;
    if (outcome.reusable && self->idle.size() < self->options.idle_connections_max)
      self->idle.push_back(std::move(connection));
    co_return std::move(outcome.response);
  }
}

asio::awaitable<Result<HttpResponse>> HttpClient::call(HttpRequest request, Duration timeout) {
  const auto& base = state_->base;
  if (!base) co_return fail(base.error());
  if (base->target != "/") {
    auto prefix = base->target.ends_with('/') ? base->target.substr(0, base->target.size() - 1) : base->target;
    request.target = prefix + request.target;
  }
  if (!request.headers.has("Host")) request.headers.set("Host", base->authority());
  co_return co_await with_timeout(state_->timers, timeout, State::call(state_, std::move(request)));
}

}  // namespace kumasim
