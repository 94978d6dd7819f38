/// A real Envoy in a network of its own, which gets one fixed snapshot over ADS as the control plane serves it.
///
///     CorpusCase loaded = load(subject);                               // corpus_case.hpp
///     auto envoy = RealEnvoy::start(*proxy.snapshot, proxy.options());
///     envoy.value()->ready();                                          // all acknowledged, all warm
///     envoy.value()->run_inside([&] { ... });                          // sockets opened here reach its listeners
///     envoy.value()->admin("/config_dump");
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"
#include "reference-cp/xds/ads/session.hpp"
#include "reference-cp/xds/snapshot.hpp"
#include "tests/real_envoy/ads_answers.hpp"
#include "tests/real_envoy/network_namespace.hpp"

namespace kumasim::test {

struct RealEnvoyOptions {
  nlohmann::json node;           ///< id, cluster, metadata; `dataplane.admin.port` is where its admin listens
  std::filesystem::path folder;  ///< for its files and sockets: short, there, of this Envoy alone, until it has ended
  bool builtin_gateway = false;  ///< the bootstrap has a gateway's limits and its layer of runtime settings
  cp::AdsVariant variant = cp::AdsVariant::state_of_the_world;
  NetworkPtr network = nullptr;  ///< shared with others; null: one of its own
  std::string log_level = "warning";
  std::vector<std::string> arguments = {};      ///< more of Envoy's command line
  Duration timeout = std::chrono::seconds(30);  ///< for start()
};

/// Its ADS server has a thread of its own, inside of the network. The public functions may be called from any thread.
class RealEnvoy {
 public:
  using Options = RealEnvoyOptions;

  /// Returns when Envoy has answered to everything and is live, or when the time is over: see ready(). unsupported
  /// where there is no Envoy executable, permission_denied where no network namespace can be made, unavailable (with
  /// the end of its log) where Envoy ended.
  static Result<std::unique_ptr<RealEnvoy>> start(const cp::Snapshot& snapshot, Options options);
  ~RealEnvoy();
  RealEnvoy(const RealEnvoy&) = delete;
  RealEnvoy& operator=(const RealEnvoy&) = delete;

  /// Every response that it refused, once each.
  std::vector<Refusal> refusals() const;
  /// Type URLs of which the last response was acknowledged.
  std::vector<std::string> acknowledged() const;
  /// Everything was acknowledged, all clusters and listeners are active, and all that they name was there.
  bool ready() const { return trouble_.empty(); }
  /// Why it is not ready; "" where it is.
  const std::string& trouble() const { return trouble_; }

  /// The body of a GET to its admin interface; "" where there is no answer.
  std::string admin(const std::string& path) const;
  /// What Envoy wrote to its log.
  std::string log() const;

  const NetworkPtr& network() const { return network_; }
  /// Runs `fn` in this thread, in Envoy's network: sockets that it opens, threads and processes that it starts are and
  /// stay inside. Not across a suspension of a coroutine.
  template <class Fn>
  decltype(auto) run_inside(Fn&& fn) const {
    live::NetNamespace::Inside inside(network_.get());
    return std::forward<Fn>(fn)();
  }

 private:
  struct Running;
  RealEnvoy(Options options, NetworkPtr network);
  /// Until everything is answered and Envoy is live; what it says went wrong.
  std::string settle() const;
  bool live() const;
  /// What Envoy's counters say of configuration that it does not use.
  std::vector<std::string> idle_configuration() const;

  Options options_;
  NetworkPtr network_;
  std::string trouble_;
  std::unique_ptr<Running> running_;
};

}  // namespace kumasim::test
