/// Ethernet between network namespaces that this process carries itself: its frames can be late, lost, held or changed
/// also where the kernel has no netem.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/function.hpp"
#include "kumasim/runtime/time.hpp"

namespace kumasim::live {

class NetNamespace;

/// From the Ethernet header on, without its checksum.
using Frame = std::vector<std::uint8_t>;

/// A switch that learns which addresses are at which port, on a thread of its own from start() to its end. Ports count
/// from 0. Broadcasts, and what is for nobody known, are carried at once.
class EthernetSwitch {
 public:
  /// A frame that is about to go from one port to another.
  struct Passing {
    std::size_t from = 0, to = 0;
    MonotonicTime now;
    Frame& frame;  ///< may be changed
  };
  /// What becomes of it.
  struct Fate {
    enum class Kind : std::uint8_t {
      arrives,
      lost,
      held,  ///< until release(); lost where too much is held
    };
    Kind kind = Kind::arrives;
    Duration delay{};                ///< of what arrives
    std::uint64_t flow = 0;          ///< what goes the same way under the same number keeps its order
    std::optional<Frame> back = {};  ///< goes to where the frame came from, at once
  };
  /// Asked for each frame, on the switch's thread.
  using Way = std::function<Fate(const Passing&)>;

  explicit EthernetSwitch(Way way);
  ~EthernetSwitch();
  EthernetSwitch(const EthernetSwitch&) = delete;
  EthernetSwitch& operator=(const EthernetSwitch&) = delete;

  /// The next port: a network device in that namespace, which is down at first and goes with the switch (a TAP, Linux'
  /// Documentation/networking/tuntap). REQUIRES: it was not started.
  Result<> add_port(const NetNamespace& where, const std::string& device);
  void start();

  /// Runs it on the switch's thread, after what was posted before; not at all where the switch ends first. Safe from
  /// any thread.
  void post(OnceFunction<void()> task);

  // --- on the switch's thread

  /// What was held on that way is asked about again, in its order.
  void release(std::size_t from, std::size_t to);
  /// A frame of one's own, at once.
  void inject(std::size_t to, const Frame& frame);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kumasim::live
