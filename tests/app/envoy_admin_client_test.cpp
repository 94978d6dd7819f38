/// The control plane and an admin listener know each other by the admin CA, and believe nobody else.
#include "reference-cp/rest/envoy_admin_client.hpp"

#include "app/cp_parts.hpp"
#include "kumasim/transport/serve.hpp"

namespace kumasim::cp::testing {
namespace {

constexpr const char* host = "127.0.0.1";

/// Listens as Envoy's admin listener does, with this certificate.
class AdminListener {
 public:
  AdminListener(Parts& parts, const KeyPair& own, std::uint16_t port)
      : listener_(parts.runtime.network.listen({host, port})) {
    TlsOptions options;
    options.role = TlsRole::server;
    options.certificate_pem = own.certificate_pem;
    options.key_pem = own.key_pem;
    options.trust_pem = parts.reconciler.admin_certificates().ca_pem();
    options.peer = TlsPeerCheck::required;
    auto context = TlsContext::create(options);
    if (!context) throw std::runtime_error(context.error().message);
    HttpHandler answer = [this](HttpRequest request) -> asio::awaitable<HttpResponse> {
      targets.push_back(request.target);
      if (request.peer.tls) clients.push_back(request.peer.tls->dns_sans);
      co_return HttpResponse{.status = status, .headers = {}, .body = "what Envoy says"};
    };
    spawn(parts.runtime.executor, parts.log, "envoy",
          serve_listener(parts.runtime, listener_, std::make_shared<const TlsContext>(std::move(*context)), answer,
                         nullptr));
  }

  int status = 200;
  std::vector<std::string> targets;
  std::vector<std::vector<std::string>> clients;

 private:
  Listener listener_;
};

/// The listeners last as long as the process.
class Bed : public Parts {
 public:
  using Parts::Parts;
  AdminListener& listen(const KeyPair& own, std::uint16_t port) {
    return *listeners_.emplace_back(std::make_unique<AdminListener>(*this, own, port));
  }
  /// Of the admin CA.
  KeyPair server_pair(const std::string& address) {
    auto pair = reconciler.admin_certificates().get(address);
    if (!pair || !*pair) throw std::runtime_error("no certificate");
    return **pair;
  }

 private:
  std::vector<std::unique_ptr<AdminListener>> listeners_;
};

asio::awaitable<Result<std::string>> ask(EnvoyAdminClient& client, std::uint16_t port) {
  return client.get({.address = {host, port}, .tls = true}, "/stats?usedonly=");
}

asio::awaitable<void> ask_three(Bed& bed) {
  auto started = co_await bed.reconciler.start();
  if (!started) throw std::runtime_error(started.error().message);
  EnvoyAdminClient client(bed.runtime, bed.reconciler.admin_certificates(),
                          {.key = {.rsa_bits = 2048}, .offload = &bed.offload});
  AdminListener& envoy = bed.listen(bed.server_pair(host), 9901);
  auto answer = co_await ask(client, 9901);
  EXPECT_TRUE(answer) << answer.error().message;
  if (answer) EXPECT_EQ(*answer, "what Envoy says");
  EXPECT_EQ(envoy.targets, std::vector<std::string>{"/stats?usedonly="});
  EXPECT_EQ(envoy.clients, (std::vector<std::vector<std::string>>{{"kuma-cp"}})) << "by which it is let in";
  envoy.status = 503;
  answer = co_await ask(client, 9901);
  EXPECT_EQ(answer ? "" : answer.error().message, "Envoy answered 503");

  // Somebody else at the address of a Dataplane that anybody may write.
  auto own = make_server({.hosts = {host}, .key = {}, .now = bed.runtime.clock.wall_now()}, bed.runtime.random);
  AdminListener& stranger = bed.listen(*own, 9902);
  answer = co_await ask(client, 9902);
  EXPECT_FALSE(answer);
  EXPECT_TRUE(stranger.targets.empty());

  // A proxy at another address than its certificate says.
  AdminListener& moved = bed.listen(bed.server_pair("10.1.2.3"), 9903);
  answer = co_await ask(client, 9903);
  EXPECT_FALSE(answer);
  EXPECT_TRUE(moved.targets.empty());
}

TEST(EnvoyAdminClient, BelievesWhoHasACertificateOfTheAdminCaForItsAddress) {
  auto print = run_with<Bed>(ask_three, 3);
  EXPECT_EQ(run_with<Bed>(ask_three, 3), print);
}

}  // namespace
}  // namespace kumasim::cp::testing
