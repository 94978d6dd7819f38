/// A network whose operations can fail, wait or be cut off; it wraps any other, live or simulated.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "kumasim/fault/fault_point.hpp"
#include "kumasim/runtime/network.hpp"
#include "kumasim/runtime/timer.hpp"

namespace kumasim::fault {

/// What goes wrong now. One object may serve many networks; it belongs to one executor and must outlive them.
class NetworkFaults {
 public:
  /// Counts connects, reads and writes; the struck one fails with connection_reset.
  FaultPoint point;

  /// Before each connect, read and write.
  void set_delay(Duration delay) { delay_ = delay; }
  /// Nothing passes to or from this host: connects fail with host_unreachable, reads and writes wait for heal(). A read
  /// that was under way is held back when it completes.
  void partition(std::string host) { cut_.insert(std::move(host)); }
  void heal(const std::string& host);
  void heal_all();
  bool cut(const std::string& host) const { return !cut_.empty() && cut_.contains(host); }
  Duration delay() const { return delay_; }

  // --- for the wrappers: called once the host is reachable again
  using Waiter = OnceFunction<void()>;
  void wait_for_heal(const std::string& host, Waiter waiter) { waiting_.emplace(host, std::move(waiter)); }

 private:
  Duration delay_{};
  std::set<std::string> cut_;
  std::multimap<std::string, Waiter> waiting_;
};

class FaultyNetwork final : public Network {
 public:
  /// All must outlive the network and its streams.
  FaultyNetwork(Network& inner, Timers& timers, NetworkFaults& faults)
      : inner_(inner), timers_(timers), faults_(faults) {}

  asio::awaitable<Stream> connect(Address address) override;
  /// Accepted streams are wrapped as well.
  Listener listen(Address address) override;

 private:
  Network& inner_;
  Timers& timers_;
  NetworkFaults& faults_;
};

/// The same for one stream; `host` is the peer that a partition would name.
Stream make_faulty(Stream inner, std::string host, Timers& timers, NetworkFaults& faults);

}  // namespace kumasim::fault
