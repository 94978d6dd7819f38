/// The control plane: every server and every loop of one kuma-cp, on whatever runtime it is given.
///
/// It touches the outside through the Runtime and the Store only, so that it runs in the simulator as it runs live.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/offload.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/tls.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/store/store.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace kumasim {
struct HttpRequest;
struct HttpResponse;
}  // namespace kumasim

namespace kumasim::cp {

class Election;

struct ControlPlaneOptions {
  /// Certificate and key of the dataplane server and of the HTTPS API. Absent: the pair kuma-cp.crt, kuma-cp.key on the
  /// runtime's disk, made where it is missing.
  std::optional<TlsIdentity> dp_server, api_server;
  /// The same of a global control plane's server of zones.
  std::optional<TlsIdentity> kds_server;
  /// Roots (PEM) of the certificate of the global control plane, for a zone that connects to it by TLS.
  std::string kds_roots;
  /// Roots (PEM) of the certificates of clients of the HTTPS API; "" for none.
  std::string api_client_roots;
  /// Makes RSA keys beside everything else, and must outlive the control plane. nullptr: nothing is served while one is
  /// made.
  Offload* offload = nullptr;
  /// Where several control planes share the store: which of them leads; it must outlive the control plane. nullptr: it
  /// is alone, and leads.
  Election* election = nullptr;
  /// ... and whether it sees now what the others write; empty: it always does.
  std::function<bool()> follows_store = {};
  /// Makes RSA keys of CAs and of tokens; nullptr: OpenSSL's generator.
  evp_pkey_st* (*make_rsa)(std::uint32_t bits) = nullptr;
  /// Names and addresses in a certificate that is made.
  std::vector<std::string> hosts = {"kuma-cp", "localhost", "127.0.0.1"};
  std::string hostname = "kuma-cp";
};

class ControlPlane {
 public:
  /// The parts of `runtime` must outlive it.
  ControlPlane(const Runtime& runtime, Config config, std::shared_ptr<Store> store, ControlPlaneOptions options = {});
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  /// Opens its ports, reads the store, makes what a first start lacks, and serves. An error names the setting at fault
  /// (already_exists: a port is taken).
  asio::awaitable<Result<>> start();
  /// start(), whose failure is logged and thrown as std::runtime_error; returns after stop(). Throws where a core task
  /// failed, as wait_stopped() tells.
  asio::awaitable<void> run();
  /// Waits for stop(), and until the ends of the streams between zones and their global control plane are stored, for
  /// 5 s at most; or for the failure of a task without which the control plane serves no more.
  asio::awaitable<Result<>> wait_stopped();
  /// Closes its ports, and ends the streams of zones, or those to the global control plane. What proxies brought along
  /// stays in the store.
  void stop();

  bool ready() const;
  /// A zone whose streams to its global control plane are all open.
  bool federated() const;
  /// Of a global one: ends streams of this zone with UNAVAILABLE: that of this name in a ZoneInsight's `kdsStreams`, or
  /// "all".
  void drop_zone(const std::string& zone, const std::string& stream);
  /// Nothing is waiting to be pushed.
  bool idle() const;
  /// What the diagnostics server answers; for who has the control plane in his own program.
  HttpResponse diagnose(const HttpRequest& request) const;

  /// Ports in use, for settings of 0.
  std::uint16_t dp_port() const;
  std::uint16_t http_port() const;
  std::uint16_t https_port() const;
  std::uint16_t kds_port() const;
  std::uint16_t diagnostics_port() const;
  /// What clients verify the dataplane server and the API with.
  const std::string& certificate_pem() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace kumasim::cp
