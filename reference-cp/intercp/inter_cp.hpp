/// What control planes that share a store say to one another (Kuma's pkg/intercp): each tells the leader that it lives,
/// which keeps the catalog of them; and a question about an Envoy goes on to the one that holds its zone's stream.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc.hpp"
#include "kumasim/transport/tls.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/intercp/catalog.hpp"
#include "reference-cp/kds/zone_stream.hpp"

namespace kumasim::cp::intercp {

struct InterCpOptions {
  Instance self;
  KeySpec key;  ///< of its certificates
  Duration heartbeat_interval = std::chrono::seconds(5);
  Duration writer_interval = std::chrono::seconds(15);
  /// Bounds of the server's TLS; its certificate, roots and role are set here.
  TlsOptions server_tls = {};
  std::function<bool()> leads;
  /// By the streams of zones at this control plane (EnvoyAdminCall of rest/envoy_admin.hpp).
  std::function<asio::awaitable<Result<std::string>>(ResourcePtr proxy, std::string target)> ask_here;
};

class InterCp {
 public:
  /// All must outlive it.
  InterCp(const Runtime& runtime, Store& store, InterCpOptions options);
  ~InterCp();

  /// Waits for the CA that all have in the store (admin_certificates.hpp) and makes certificates of it. Gives what the
  /// server serves with.
  asio::awaitable<Result<std::shared_ptr<const TlsContext>>> prepare();

  /// One call of another control plane; UNIMPLEMENTED for other methods.
  asio::awaitable<void> serve(GrpcServerStream stream);
  /// Tells the leader that this one lives, until the process ends. REQUIRES: prepare().
  asio::awaitable<void> run_heartbeat();
  /// Of who leads: keeps the catalog. It ends by being cancelled.
  asio::awaitable<void> run_writer();
  /// Says that this one goes: to the leader, or in the catalog where it led.
  asio::awaitable<void> leave();

  /// As EnvoyAdminCall: at the control plane to which the zone of the proxy is connected. invalid_argument, with Kuma's
  /// words, where there is none.
  asio::awaitable<Result<std::string>> ask_envoy(ResourcePtr proxy, std::string target);

  static constexpr Duration call_duration_max = std::chrono::seconds(20);

 private:
  asio::awaitable<Result<std::string>> holder_of(std::string zone, kds::ZoneStream stream);
  asio::awaitable<Result<std::string>> forward(std::string instance, ResourcePtr proxy, std::string target,
                                               kds::ZoneStream stream);
  asio::awaitable<Result<std::string>> call(Instance instance, std::string method, std::string request);
  asio::awaitable<Result<>> heartbeat(bool ready);
  asio::awaitable<std::string> ping(std::string request);
  asio::awaitable<GrpcStatus> answer_forwarded(const GrpcServerStream& stream, kds::ZoneStream kind);
  asio::awaitable<Result<ResourcePtr>> proxy_of(std::string type, ResourceKey key);

  Runtime runtime_;
  Store& store_;
  InterCpOptions options_;
  Catalog catalog_;
  std::optional<TlsContext> client_tls_;
  std::map<std::string, std::shared_ptr<GrpcClient>> clients_;  ///< by the instance's id
  std::map<std::string, Instance> alive_;                       ///< heard since the catalog was written
  std::optional<Instance> leader_;                              ///< to whom this one speaks
  int failures_ = 0;
};

}  // namespace kumasim::cp::intercp
