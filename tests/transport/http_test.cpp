/// HTTP over both worlds: bodies, kept connections, limits, and what a server answers to what is no HTTP.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/sim/world.hpp"
#include "kumasim/transport/serve.hpp"
#include "tests/transport/certificates.hpp"
#include "tests/transport/two_worlds.hpp"

namespace kumasim {
namespace {

using namespace std::chrono_literals;

/// More than the buffers of a socket take.
constexpr std::size_t huge_bytes = 40'000'000;

/// Tells what it was asked.
asio::awaitable<HttpResponse> tell(HttpRequest request) {
  if (request.target.starts_with("/throw")) throw std::runtime_error("a bug");
  if (request.target == "/huge") co_return HttpResponse{.body = std::string(huge_bytes, 'x')};
  if (request.target == "/large") co_return HttpResponse{.body = std::string(2'000'000, 'x')};
  if (request.target == "/none") co_return HttpResponse{.status = 204};
  HttpResponse response{.headers = {{"Content-Type", "text/plain"}, {"X-Repeat", "a"}, {"X-Repeat", "b"}}};
  response.body = request.method + " " + request.target + " " + std::string(request.headers.get("x-name")) + " " +
                  request.body;
  co_return response;
}

class Http : public testing::TwoWorlds {
 protected:
  void serve() {
    world->server([this](Runtime& runtime) -> asio::awaitable<void> {
      auto listener = runtime.network.listen({"", 0});
      port = listener.port();
      co_await serve_listener(runtime, listener, tls, tell, nullptr, limits);
    });
  }

  asio::awaitable<Result<HttpResponse>> ask(Runtime& runtime, std::string method, std::string target,
                                            std::string body = {}, const TlsContext* context = nullptr) {
    auto address = co_await server_address(runtime);
    HttpRequest request{.method = std::move(method), .target = std::move(target), .headers = {{"X-Name", "web"}},
                        .body = std::move(body)};
    auto url = std::string(context ? "https://" : "http://") + to_string(address);
    co_return co_await http_call(runtime.network, runtime.timers, url, std::move(request), context, 5s);
  }

  /// Sends these bytes as they are and gives back all that is answered until the server closes.
  asio::awaitable<std::string> raw(Runtime& runtime, std::string bytes) {
    auto stream = co_await runtime.network.connect(co_await server_address(runtime));
    error_code code;
    co_await asio::async_write(stream, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, code));
    std::string answer(1 << 20, '\0');
    code = {};
    auto count = co_await asio::async_read(stream, asio::buffer(answer),
                                           asio::redirect_error(asio::use_awaitable, code));
    answer.resize(count);
    co_return answer;
  }

  std::shared_ptr<const TlsContext> tls;
  ServeLimits limits;
};

TEST_P(Http, CarriesRequestsAndResponses) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto got = co_await ask(runtime, "GET", "/meshes?size=2");
    EXPECT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->body, "GET /meshes?size=2 web ");
    EXPECT_EQ(got->headers.get("content-type"), "text/plain");
    auto put = co_await ask(runtime, "PUT", "/meshes/default", "{}");
    EXPECT_EQ(put->body, "PUT /meshes/default web {}");
    auto large = co_await ask(runtime, "GET", "/large");
    EXPECT_EQ(large->body.size(), 2'000'000u);
    auto head = co_await ask(runtime, "HEAD", "/large");
    EXPECT_EQ(head->body, "");
    EXPECT_EQ(head->headers.get("content-length"), "2000000");
    auto none = co_await ask(runtime, "DELETE", "/none");
    EXPECT_EQ(none->status, 204);
    auto bug = co_await ask(runtime, "GET", "/throw");
    EXPECT_EQ(bug->status, 500);
    auto body = std::string(1'500'000, 'y');
    auto upload = co_await ask(runtime, "POST", "/upload", body);
    EXPECT_EQ(upload->body, "POST /upload web " + body);
  });
  world->run();
}

TEST_P(Http, KeepsConnections) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto address = co_await server_address(runtime);
    HttpClient client(runtime.network, runtime.timers, "http://" + to_string(address) + "/base/", {});
    for (auto i = 0; i < 10; ++i) {
      auto got = co_await client.call({.target = "/" + std::to_string(i)}, 5s);
      EXPECT_TRUE(got) << got.error().message;
      EXPECT_EQ(got->body, "GET /base/" + std::to_string(i) + "  ");
    }
    EXPECT_EQ(client.connections_opened(), 1u);
  });
  world->run();
}

TEST_P(Http, ReplacesAKeptConnectionThatTheServerClosed) {
  limits.http.idle_max = 20ms;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto address = co_await server_address(runtime);
    HttpClient client(runtime.network, runtime.timers, "http://" + to_string(address), {});
    EXPECT_TRUE(co_await client.call({.target = "/a"}, 5s));
    co_await sleep(runtime.timers, 100ms);
    auto got = co_await client.call({.target = "/b"}, 5s);
    EXPECT_TRUE(got) << got.error().message;
    EXPECT_EQ(client.connections_opened(), 2u);
  });
  world->run();
}

TEST_P(Http, TakesChunkedBodiesPipeliningAndContinue) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto chunked = co_await raw(runtime, "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                                         "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_TRUE(chunked.ends_with("POST /c  abcde")) << chunked;
    auto two = co_await raw(runtime, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n"
                                     "Connection: close\r\n\r\n");
    EXPECT_NE(two.find("GET /1"), std::string::npos) << two;
    EXPECT_TRUE(two.ends_with("GET /2  ")) << two;
    auto old = co_await raw(runtime, "GET /old HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(old.ends_with("GET /old  ")) << old;
    auto stream = co_await runtime.network.connect(co_await server_address(runtime));
    co_await asio::async_write(
        stream, asio::buffer(std::string_view("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                                              "Content-Length: 2\r\n\r\n")),
        asio::use_awaitable);
    std::string interim(25, '\0');
    co_await asio::async_read(stream, asio::buffer(interim), asio::use_awaitable);
    EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
  });
  world->run();
}

TEST_P(Http, AnswersBrokenRequestsAndCloses) {
  limits.http.header_bytes_max = 1000;
  limits.http.body_bytes_max = 1000;
  limits.http.request_duration_max = 200ms;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    struct Case {
      std::string bytes, answer;
    };
    std::vector<Case> cases{
        {"GARBAGE\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nbroken header\r\n\r\n", "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", "HTTP/1.1 431 "},
        {"POST / HTTP/1.1\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'), "HTTP/1.1 413 "},
        {"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 408 "},
        {"GET / HTTP/1.1\r\nHost:", "HTTP/1.1 408 "},
    };
    for (const auto& [bytes, answer] : cases) {
      auto got = co_await raw(runtime, bytes);
      EXPECT_TRUE(got.starts_with(answer)) << bytes.substr(0, 60) << " -> " << got;
    }
    auto alive = co_await ask(runtime, "GET", "/after");
    EXPECT_TRUE(alive) << "the server lives on";
  });
  world->run();
}

TEST_P(Http, AnAnswerThatNobodyTakesEndsTheConnection) {
  limits.http.answer_duration_max = 200ms;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto stream = co_await runtime.network.connect(co_await server_address(runtime));
    co_await asio::async_write(stream, asio::buffer(std::string_view("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n")),
                               asio::use_awaitable);
    co_await sleep(runtime.timers, 1s);
    std::string answer(huge_bytes, '\0');
    error_code code;
    auto count =
        co_await asio::async_read(stream, asio::buffer(answer), asio::redirect_error(asio::use_awaitable, code));
    EXPECT_LT(count, huge_bytes) << "the rest was never sent";
  });
  world->run();
}

/// Keeps what was logged.
struct Lines : Log {
  void write(const LogRecord& record) override {
    lines.push_back(std::string(record.component) + ": " + std::string(record.message));
    for (const auto& field : record.fields) lines.back() += " " + std::string(field.key) + "=" + field.value;
  }
  std::vector<std::string> lines;
};

TEST_P(Http, FailuresOfHandlersAreLogged) {
  Lines lines;
  world->server([&](Runtime& runtime) -> asio::awaitable<void> {
    auto listener = runtime.network.listen({"", 0});
    port = listener.port();
    Runtime own{runtime.executor, runtime.clock,   runtime.random, runtime.timers,
                runtime.network,  runtime.disk, lines};
    co_await serve_listener(own, listener, nullptr, tell, nullptr, limits);
  });
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto got = co_await ask(runtime, "PUT", "/throw?token=secret");
    EXPECT_TRUE(got);
    if (got) EXPECT_EQ(got->status, 500);
  });
  world->run();
  EXPECT_EQ(lines.lines, std::vector<std::string>{"http: handler failed method=PUT path=/throw error=a bug"});
}

TEST_P(Http, WorksOverTlsAndTellsWhyNot) {
  auto authority = testing::make_authority("ca");
  auto leaf = testing::make_leaf(authority, {});
  TlsOptions server{.role = TlsRole::server, .certificate_pem = leaf.certificate_pem, .key_pem = leaf.key_pem,
                    .peer = TlsPeerCheck::none, .alpn = {"h2", "http/1.1"}};
  tls = std::make_shared<const TlsContext>(*TlsContext::create(server));
  serve();
  world->client([&](Runtime& runtime) -> asio::awaitable<void> {
    auto trusting = TlsContext::create({.trust_pem = authority.certificate_pem, .clock = &runtime.clock});
    auto got = co_await ask(runtime, "GET", "/tls", {}, &*trusting);
    EXPECT_TRUE(got) << got.error().message;
    if (got) EXPECT_EQ(got->body, "GET /tls web ");
    auto doubting = TlsContext::create({.clock = &runtime.clock});
    auto refused = co_await ask(runtime, "GET", "/tls", {}, &*doubting);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_NE(refused.error().message.find("certificate"), std::string::npos) << refused.error().message;
    auto address = co_await server_address(runtime);
    auto without =
        co_await http_call(runtime.network, runtime.timers, "https://" + to_string(address), {}, nullptr, 1s);
    EXPECT_EQ(without.error().code, Code::invalid_argument);
  });
  world->run();
}

TEST_P(Http, ClientGivesUpInTime) {
  world->server([this](Runtime& runtime) -> asio::awaitable<void> {
    auto listener = runtime.network.listen({"", 0});
    port = listener.port();
    auto stream = co_await listener.accept();
    co_await sleep(runtime.timers, 1h);
  });
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto address = co_await server_address(runtime);
    auto url = "http://" + to_string(address) + "/";
    auto late = co_await http_call(runtime.network, runtime.timers, url, {}, nullptr, 50ms);
    EXPECT_FALSE(late);
    EXPECT_EQ(late.error().code, Code::deadline_exceeded);
    auto wrong = co_await http_call(runtime.network, runtime.timers, "cp:5681", {}, nullptr, 50ms);
    EXPECT_EQ(wrong.error().code, Code::invalid_argument);
  });
  world->run();
}

TEST_P(Http, ClientRefusesAnswersThatAreNone) {
  world->server([this](Runtime& runtime) -> asio::awaitable<void> {
    auto listener = runtime.network.listen({"", 0});
    port = listener.port();
    for (std::string_view answer :
         {"nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "",
          "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"}) {
      auto stream = co_await listener.accept();
      char scratch[4096];
      co_await stream.async_read_some(asio::buffer(scratch));
      co_await asio::async_write(stream, asio::buffer(answer), asio::use_awaitable);
      stream.shutdown_send();
      co_await sleep(runtime.timers, 5ms);
    }
  });
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    for (auto code : {Code::data_loss, Code::unavailable, Code::unavailable, Code::resource_exhausted}) {
      auto got = co_await ask(runtime, "GET", "/");
      EXPECT_FALSE(got);
      if (!got) EXPECT_EQ(got.error().code, code) << got.error().message;
    }
    auto chunked = co_await ask(runtime, "GET", "/");
    EXPECT_TRUE(chunked) << chunked.error().message;
    if (chunked) EXPECT_EQ(chunked->body, "abc");
  });
  world->run();
}

KUMASIM_TWO_WORLDS(Http);

RC_GTEST_PROP(HttpServer, AnySegmentationGivesTheSameRequests, ()) {
  std::vector<std::string> bodies = *rc::gen::container<std::vector<std::string>>(rc::gen::string<std::string>());
  std::string bytes;
  for (const auto& body : bodies)
    bytes += "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  auto pieces = *rc::gen::container<std::vector<std::size_t>>(20, rc::gen::inRange<std::size_t>(1, 40));
  std::vector<std::string> got;
  sim::World world;
  world.add_process("server").start([&](Runtime& runtime) {
    auto serve = [](Runtime& rt, std::vector<std::string>& into) -> asio::awaitable<void> {
      auto listener = rt.network.listen({"", 80});
      auto stream = co_await listener.accept();
      HttpHandler handler = [&into](HttpRequest request) -> asio::awaitable<HttpResponse> {
        into.push_back(std::move(request.body));
        co_return HttpResponse{};
      };
      co_await serve_http(std::move(stream), handler, HttpLimits(), rt.timers);
    };
    spawn(runtime.executor, runtime.log, "server", serve(runtime, got));
  });
  world.add_process("client").start([&](Runtime& runtime) {
    auto send = [](Runtime& rt, const std::string& all,
                   const std::vector<std::size_t>& sizes) -> asio::awaitable<void> {
      auto stream = co_await rt.network.connect({"server", 80});
      auto left = std::string_view(all);
      for (std::size_t i = 0; !left.empty(); ++i) {
        auto piece = left.substr(0, sizes[i % sizes.size()]);
        co_await asio::async_write(stream, asio::buffer(piece), asio::use_awaitable);
        left.remove_prefix(piece.size());
      }
      co_await sleep(rt.timers, 1s);
    };
    spawn(runtime.executor, runtime.log, "client", send(runtime, bytes, pieces));
  });
  world.run_for(2s);
  RC_ASSERT(got == bodies);
}

}  // namespace
}  // namespace kumasim
