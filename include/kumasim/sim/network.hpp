/// The simulated network: links, partitions and the connections of every process.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "kumasim/runtime/network.hpp"
#include "kumasim/sim/kernel.hpp"
#include "kumasim/sim/link.hpp"

namespace kumasim::sim {

class Connection;
struct ListenerState;
class Process;

/// Streams are modelled by message, not by packet: bytes arrive complete and in order, after a delay, or the connection
/// fails. A partition holds what is under way; it goes on after healing unless the connection timed out first.
class VirtualNetwork {
 public:
  VirtualNetwork(Kernel& kernel, std::uint64_t seed, NetworkLimits limits);
  ~VirtualNetwork();
  VirtualNetwork(const VirtualNetwork&) = delete;
  VirtualNetwork& operator=(const VirtualNetwork&) = delete;

  /// For every pair without options of its own.
  void set_default_link(LinkOptions options) { default_link_ = options; }
  /// Both directions.
  void set_link(const Process& a, const Process& b, LinkOptions options);
  void set_link_one_way(const Process& from, const Process& to, LinkOptions options);
  const LinkOptions& link(const Process& from, const Process& to) const;

  /// Nothing passes, in either direction.
  void partition(const Process& a, const Process& b);
  void partition_one_way(const Process& from, const Process& to);
  void heal(const Process& a, const Process& b);
  void heal_all();
  bool reachable(const Process& from, const Process& to) const;
  /// Every connection between the two fails with connection_reset at both ends.
  void reset(const Process& a, const Process& b);

  /// A further name of an address. Names of processes resolve by themselves.
  void add_name(std::string name, std::string address);
  void remove_name(const std::string& name) { names_.erase(name); }

  std::size_t connections() const { return connections_.size(); }
  const NetworkLimits& limits() const { return limits_; }

  // --- for World, Process and the network's own parts

  void add_process(const Process& process);
  /// The machine of a dead process resets its connections and closes its ports.
  void on_kill(std::uint32_t process);
  bool cut(std::uint32_t from, std::uint32_t to) const { return !cuts_.empty() && cuts_.contains({from, to}); }
  /// How long one message takes: the link's delay and its losses; nothing where it is lost for good.
  std::optional<Duration> transit(std::uint32_t from, std::uint32_t to);
  Duration transmission(std::uint32_t from, std::uint32_t to, std::size_t bytes) const;
  Kernel& kernel() { return kernel_; }
  Context& context() { return context_; }

  asio::awaitable<Stream> connect(Context& context, std::string own_address, Address address);
  Listener listen(Context& context, std::string own_address, Address address);
  void close_listener(const ListenerState& state);
  void forget(std::uint64_t connection) { connections_.erase(connection); }

 private:
  struct Attempt;
  using Direction = std::pair<std::uint32_t, std::uint32_t>;
  using Place = std::pair<std::string, std::uint16_t>;

  static std::uint64_t link_key(std::uint32_t from, std::uint32_t to) { return std::uint64_t{from} << 32 | to; }
  const LinkOptions& link_of(std::uint32_t from, std::uint32_t to) const;
  bool same_machine(std::uint32_t from, std::uint32_t to) const;
  std::optional<std::string> resolve(const std::string& host, const std::string& own_address) const;
  void request(const std::shared_ptr<Attempt>& attempt);
  void arrive(const std::shared_ptr<Attempt>& attempt);
  void release_held(std::uint32_t from, std::uint32_t to);
  std::uint16_t free_port(const std::string& address, std::uint16_t first);

  Kernel& kernel_;
  NetworkLimits limits_;
  SeededRandom random_;
  Context context_;  // runs the network's own events; process 0
  LinkOptions default_link_;
  std::unordered_map<std::uint64_t, LinkOptions> links_;  // looked up, never walked
  std::set<Direction> cuts_;
  std::map<std::string, std::string> names_;
  std::map<std::uint32_t, std::string> addresses_;
  std::map<Place, std::shared_ptr<ListenerState>> listeners_;
  std::map<std::uint64_t, Connection*> connections_;
  std::map<std::string, std::uint16_t> ports_;  // the last ephemeral port by address
  std::uint64_t last_connection_ = 0;
};

}  // namespace kumasim::sim
