/// The client's side of health discovery: probes what the control plane names by connecting, and reports what it found.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "sim/envoy/data/fabric.hpp"

namespace kumasim::sim::proxy {

/// As Envoy's HdsDelegate does it. Of checks by HTTP there is the one of the proxy itself: it is healthy while `live`.
/// The first result counts at once, later ones by the thresholds; what has no result yet is not reported.
class HealthClient : public End {
 public:
  /// `node` is a serialised envoy.config.core.v3.Node.
  HealthClient(Fabric& fabric, Process& process, std::string node, std::function<bool()> live);
  ~HealthClient() override;

  /// A stream is open: `say` takes the messages that go out, the first one now.
  void on_stream(std::function<void(std::string)> say);
  /// A HealthCheckSpecifier; false where it does not decode, and gRPC ends the stream with INTERNAL.
  bool on_message(const std::string& bytes);
  void on_stream_end();

  std::uint64_t probes() const { return probes_; }
  std::uint64_t reports() const { return reports_; }

  void on_connected(const WirePtr& wire) override;
  void on_closed(const WirePtr& wire, WireEnd how) override;

 private:
  struct Probe;
  using ProbePtr = std::shared_ptr<Probe>;

  void check(const ProbePtr& probe);
  void result(const ProbePtr& probe, bool good);
  void end(const ProbePtr& probe);
  void report();

  std::string node_;
  std::function<bool()> live_;
  std::function<void(std::string)> say_;     ///< empty while there is no stream
  std::map<std::string, ProbePtr> targets_;  ///< by cluster
  Duration interval_{};
  EventRef timer_;
  std::uint64_t probes_ = 0, reports_ = 0;
};

}  // namespace kumasim::sim::proxy
