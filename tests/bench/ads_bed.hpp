/// The control plane's own pieces with proxies in the same process, to measure what the control plane costs.
///
/// Real: manager, store (in memory), lifecycle, insights, reconciler with views, certificates and generation, decoding
/// of requests, ADS sessions, framing of responses. Left out: HTTP/2, TLS and sockets, REST, SQLite. The proxies answer
/// between two turns of the control plane, outside of what is measured.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/sim/world.hpp"
#include "reference-cp/app/kuma_cp/insights.hpp"
#include "reference-cp/app/kuma_cp/lifecycle.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/identity/mesh_authorities.hpp"
#include "reference-cp/manager/manager.hpp"

namespace kumasim::cp::bench {

/// As the loads of Kuma's control plane that are known: each proxy is one instance of one service and has outbounds to
/// the next 30 of 50 services; mutual TLS with a builtin CA; everybody may call everybody.
struct Shape {
  int proxies = 1000;
  int services = 50;
  int outbounds = 30;
  AdsVariant variant = AdsVariant::state_of_the_world;
  /// Proxies bring their Dataplane with their first request; otherwise it is there before.
  bool brings_dataplane = false;
};

/// Seconds of the control plane's turns, by the clock and by the processor.
struct Cost {
  double wall = 0, cpu = 0;
};

/// What proxies received since it was last asked.
struct Received {
  std::uint64_t responses = 0, bytes = 0;
  std::map<std::string, int, std::less<>> proxies;  ///< type URL -> how many proxies received one
  int marked = 0;                                   ///< proxies that received the marker's bytes
};

class AdsBed {
 public:
  /// A control plane with its mesh, no proxy connected. Throws std::runtime_error where that fails.
  explicit AdsBed(Shape shape);
  ~AdsBed();

  /// All connect at once, until every one has acknowledged all that it is to have.
  Cost connect();
  /// One write as REST does it, until the last proxy has acknowledged what follows. Throws where it is refused.
  Cost write(const nlohmann::json& body);
  /// Lets virtual time pass in which nothing is to be pushed: insights are written.
  Cost wait(Duration time);

  /// Bytes that `received().marked` looks for.
  void mark(std::string bytes) { marker_ = std::move(bytes); }
  Received received() { return std::exchange(received_, {}); }
  /// Every proxy has been sent what its snapshot has, and has acknowledged it.
  bool settled() const;
  /// Proxies with an outbound to this service.
  int users(int service) const;
  const ReconcilerCounts& counts() const;
  const Shape& shape() const { return shape_; }

 private:
  struct Parts;
  struct Client;

  template <class Act>
  void measure(Cost& cost, Act act);
  void converse(Cost& cost);
  void answer(Client& client);
  void ask(Client& client, std::string_view url, std::vector<std::string> names);
  void acknowledge(Client& client, const AdsResponse& response);
  bool reaches(int proxy, int service) const;
  nlohmann::json dataplane(int number) const;
  std::string first_request(int number) const;

  Shape shape_;
  std::string marker_;
  Received received_;
  std::unique_ptr<sim::World> world_;
  sim::Process* process_ = nullptr;
  Parts* parts_ = nullptr;  ///< owned by the process
};

}  // namespace kumasim::cp::bench
