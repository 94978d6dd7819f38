/// Ethernet between network namespaces that this process carries itself: its frames can be late or lost also where the
/// kernel has no netem.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"

namespace kumasim::live {

class NetNamespace;

/// A switch that learns which addresses are at which port, on a thread of its own from start() to its end. What goes
/// from one port to another keeps its order.
class EthernetSwitch {
 public:
  /// How long a frame takes from one port to another, which count from 0; nullopt where it is lost. Asked for each
  /// frame, on the switch's thread.
  using Way = std::function<std::optional<Duration>(std::size_t from, std::size_t to)>;

  explicit EthernetSwitch(Way way);
  ~EthernetSwitch();
  EthernetSwitch(const EthernetSwitch&) = delete;
  EthernetSwitch& operator=(const EthernetSwitch&) = delete;

  /// The next port: a network device in that namespace, which is down at first and goes with the switch (a TAP, Linux'
  /// Documentation/networking/tuntap). REQUIRES: it was not started.
  Result<> add_port(const NetNamespace& where, const std::string& device);
  void start();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kumasim::live
