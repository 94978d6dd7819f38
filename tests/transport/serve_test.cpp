/// One live port for HTTP/1.1 and HTTP/2, asked by curl, with TLS and without.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "kumasim/transport/serve.hpp"
#include "tests/transport/certificates.hpp"
#include "tests/transport/two_worlds.hpp"

namespace kumasim {
namespace {

using namespace std::chrono_literals;

std::string output_of(const std::string& command) {
  std::string output;
  auto* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer;
  while (auto count = std::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), count);
  ::pclose(pipe);
  return output;
}

asio::awaitable<HttpResponse> tell(HttpRequest request) {
  HttpResponse response{.headers = {{"Content-Type", "text/plain"}, {"Connection", "keep-alive"}}};
  response.body = request.method + " " + request.target + " " + std::to_string(request.body.size());
  if (request.target == "/large") response.body = std::string(3'000'000, 'x');
  if (request.target == "/missing") response.status = 404;
  co_return response;
}

class Serve : public testing::TwoWorlds {
 protected:
  void SetUp() override {
    if (output_of("curl --version").find("HTTP2") == std::string::npos) GTEST_SKIP() << "no curl with HTTP/2";
    directory_ = ::testing::TempDir() + "kumasim-serve-" + std::to_string(::getpid());
    output_of("mkdir -p " + directory_);
    std::ofstream(directory_ + "/ca.pem") << authority_.certificate_pem;
    std::ofstream(directory_ + "/body") << std::string(700'000, 'b');
  }
  void TearDown() override {
    if (!directory_.empty()) output_of("rm -r " + directory_);
  }

  /// curl's output for each of these argument lists; `URL` stands for the server's and `DIR` for a folder with files.
  std::vector<std::string> curl(bool tls, std::vector<std::string> calls) {
    TlsOptions options{.role = TlsRole::server, .certificate_pem = leaf_.certificate_pem, .key_pem = leaf_.key_pem,
                       .peer = TlsPeerCheck::none, .alpn = {"h2", "http/1.1"}};
    auto context = tls ? std::make_shared<const TlsContext>(*TlsContext::create(options)) : nullptr;
    world->server([this, context](Runtime& runtime) -> asio::awaitable<void> {
      auto listener = runtime.network.listen({"127.0.0.1", 0});
      port = listener.port();
      co_await serve_listener(runtime, listener, context, tell, nullptr, limits);
    });
    std::vector<std::string> outputs;
    std::atomic<bool> done = false;
    std::thread thread;
    world->client([&](Runtime& runtime) -> asio::awaitable<void> {
      auto address = co_await server_address(runtime);
      auto url = std::string(tls ? "https://" : "http://") + to_string(address);
      thread = std::thread([&, url] {
        for (auto call : calls) {
          for (auto [from, to] : {std::pair(std::string("URL"), url), std::pair(std::string("DIR"), directory_)})
            for (auto at = call.find(from); at != std::string::npos; at = call.find(from))
              call.replace(at, from.size(), to);
          outputs.push_back(output_of("curl -sS --max-time 20 " + call));
        }
        done = true;
      });
      while (!done) co_await sleep(runtime.timers, 2ms);
    });
    world->run();
    thread.join();
    return outputs;
  }

  ServeLimits limits;

 private:
  TlsIdentity authority_ = testing::make_authority("ca");
  TlsIdentity leaf_ = testing::make_leaf(authority_, {});
  std::string directory_;
};

TEST_P(Serve, OnePortSpeaksBothOverTls) {
  auto got = curl(true, {"--http1.1 --cacert DIR/ca.pem -w ' %{http_version}' URL/a",
                         "--http2 --cacert DIR/ca.pem -w ' %{http_version}' URL/b",
                         "--http2 --cacert DIR/ca.pem -w ' %{http_version} %{num_connects}' URL/c URL/missing",
                         "--http2 --cacert DIR/ca.pem -o /dev/null -w '%{http_code} %{size_download}' URL/large",
                         "--http2 --cacert DIR/ca.pem --data-binary @DIR/body URL/post",
                         "--http1.1 --cacert DIR/ca.pem --data-binary @DIR/body URL/post",
                         "--http2 --cacert DIR/ca.pem -I -o /dev/null -w '%{http_code}' URL/large",
                         "URL/untrusted"});
  ASSERT_EQ(got.size(), 8u);
  EXPECT_EQ(got[0], "GET /a 0 1.1");
  EXPECT_EQ(got[1], "GET /b 0 2");
  EXPECT_EQ(got[2], "GET /c 0 2 1GET /missing 0 2 0");
  EXPECT_EQ(got[3], "200 3000000");
  EXPECT_EQ(got[4], "POST /post 700000");
  EXPECT_EQ(got[5], "POST /post 700000");
  EXPECT_EQ(got[6], "200");
  EXPECT_NE(got[7].find("certificate"), std::string::npos) << got[7];
}

TEST_P(Serve, OnePortSpeaksBothInPlain) {
  limits.http.body_bytes_max = 600'000;
  auto got =
      curl(false, {"--http1.1 -w ' %{http_version}' URL/a", "--http2-prior-knowledge -w ' %{http_version}' URL/b",
                   "--http2-prior-knowledge --data-binary @DIR/body -o /dev/null -w '%{http_code}' URL/post",
                   "--http1.1 -H Expect: --data-binary @DIR/body -o /dev/null -w '%{http_code}' URL/post"});
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[0], "GET /a 0 1.1");
  EXPECT_EQ(got[1], "GET /b 0 2");
  // The server answers and then resets the upload with NO_ERROR (RFC 9113, 8.1); curl before 8 may call that an error.
  EXPECT_TRUE(got[2] == "413" || got[2].starts_with("curl: (92)")) << got[2];
  EXPECT_EQ(got[3], "413");
}

INSTANTIATE_TEST_SUITE_P(Worlds, Serve, ::testing::Values("live"), [](const auto& info) {
  return std::string(info.param);
});

}  // namespace
}  // namespace kumasim
