/// The simulated network: links, partitions and the connections of every process.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kumasim/runtime/function.hpp"
#include "kumasim/runtime/network.hpp"
#include "kumasim/sim/kernel.hpp"
#include "kumasim/sim/link.hpp"

namespace kumasim::sim {

class Connection;
struct ListenerState;
class Process;

/// What a machine does with connection requests.
enum class Door : std::uint8_t {
  open,
  refusing,
  silent,  ///< it does not answer
};

/// What goes wrong with a process's look-ups of names.
struct Lookup {
  error_code failure = {};
  DelayLaw delay = {};
  std::map<std::string, std::string> stale = {};  ///< name -> the address that is given
  std::string name = {};                          ///< only look-ups of it; empty: all
};

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
  void heal_one_way(const Process& from, const Process& to);
  void heal_all();
  bool reachable(const Process& from, const Process& to) const;
  /// What is sent is held, and arrives in order, a delay after it is released; nothing times out by it.
  void clog_one_way(const Process& from, const Process& to);
  void release_one_way(const Process& from, const Process& to);
  /// What becomes of connections that `from` makes to `to`.
  void set_door(const Process& from, const Process& to, Door door);
  /// Every connection between the two fails with connection_reset at both ends.
  void reset(const Process& a, const Process& b);
  /// Nothing passes any more on the connections that there are between the two, and neither is told.
  void silence(const Process& a, const Process& b);
  /// The same for those on which nothing has passed since `since`, or a reset of them; the answer is how many.
  std::size_t forget_idle(const Process& a, const Process& b, MonotonicTime since, bool reset);

  /// From now on the process's look-ups of names go so, beside what was added before.
  void add_lookup(const Process& process, std::shared_ptr<const Lookup> lookup);
  void remove_lookup(const Process& process, const std::shared_ptr<const Lookup>& lookup);

  /// A further name of an address. Names of processes resolve by themselves.
  void add_name(std::string name, std::string address);
  void remove_name(const std::string& name) { names_.erase(name); }
  const std::map<std::string, std::string>& names() const { return names_; }
  /// A name of several processes, as a Service of Kubernetes is one (kube-proxy, IPVS, round robin): it resolves to an
  /// address of its own, and each connection that a process makes to that goes to the next of them; who refuses it is
  /// passed over. Processes begin with different ones. REQUIRES: there are members; no process has that name.
  void add_service(std::string name, const std::vector<const Process*>& members);

  std::size_t connections() const { return connections_.size(); }
  const NetworkLimits& limits() const { return limits_; }

  // --- for World, Process and the network's own parts

  void add_process(const Process& process);
  /// The machine of a dead process resets its connections and closes its ports.
  void on_kill(std::uint32_t process);
  /// By a partition, or by a link that loses all.
  bool cut(std::uint32_t from, std::uint32_t to) const {
    return (!cuts_.empty() && cuts_.contains({from, to})) || (!dead_.empty() && dead_.contains({from, to}));
  }
  bool clogged(std::uint32_t from, std::uint32_t to) const { return !clogs_.empty() && clogs_.contains({from, to}); }
  Door door(std::uint32_t from, std::uint32_t to) const;
  /// Calls it when the way is released; what waits is called in the order in which it came.
  void when_released(std::uint32_t from, std::uint32_t to, OnceFunction<void()> call);
  /// Calls it when the link comes to lose less or to be wider, unless it is gone by then; in the order in which they
  /// came.
  void when_eased(std::uint32_t from, std::uint32_t to, std::weak_ptr<std::function<void()>> call);
  /// How long one message takes: the link's delay and its losses; nothing where it is lost for good.
  std::optional<Duration> transit(std::uint32_t from, std::uint32_t to) { return transit(from, to, link_of(from, to)); }
  /// The same where the link is known.
  std::optional<Duration> transit(std::uint32_t from, std::uint32_t to, const LinkOptions& link) {
    if (same_machine(from, to)) return limits_.loopback_delay;
    auto delay = link.delay.draw(random_);
    if ((link.delay_correlation_ppm | link.loss_ppm) == 0) return delay;
    return disturbed(from, to, link, delay);
  }
  Duration transmission(std::uint32_t from, std::uint32_t to, std::size_t bytes) const {
    return transmission(from, to, link_of(from, to), bytes);
  }
  Duration transmission(std::uint32_t from, std::uint32_t to, const LinkOptions& link, std::size_t bytes) const {
    if (bytes == 0 || link.bytes_per_second == 0 || same_machine(from, to)) return {};
    return Duration(static_cast<std::int64_t>(bytes * std::uint64_t{1'000'000'000} / link.bytes_per_second));
  }
  /// A segment of the way arrives with a wrong bit, by chance.
  bool corrupts(std::uint32_t from, std::uint32_t to);
  /// Which of so many bits is wrong. REQUIRES: bits > 0.
  std::uint64_t wrong_bit(std::uint64_t bits) { return random_.below(bits); }
  /// What a bottleneck takes for them, behind what is in it already.
  Duration squeeze(std::uint32_t from, std::uint32_t to, std::size_t bytes);
  const LinkOptions& link_of(std::uint32_t from, std::uint32_t to) const {
    if (links_.empty()) return default_link_;
    auto found = links_.find(link_key(from, to));
    return found == links_.end() ? default_link_ : found->second;
  }
  Kernel& kernel() { return kernel_; }
  Context& context() { return context_; }

  /// Throws boost::system::system_error.
  asio::awaitable<Stream> connect(Context& context, std::string own_address, Address address);
  Listener listen(Context& context, std::string own_address, Address address);
  void close_listener(const ListenerState& state);
  void forget(std::uint64_t connection) { connections_.erase(connection); }

 private:
  struct Attempt;
  using Direction = std::pair<std::uint32_t, std::uint32_t>;
  using Place = std::pair<std::string, std::uint16_t>;

  /// The processes behind an address that is none's own.
  struct Service {
    std::vector<std::uint32_t> members;
    std::map<std::uint32_t, std::uint32_t> turns = {};  // by process: whose turn is next, before the modulus
  };

  struct Line {
    std::optional<Duration> last_delay = {};
    bool bursting = false;    // of losses
    MonotonicTime free = {};  // when the bottleneck has passed on what it has
  };

  static std::uint64_t link_key(std::uint32_t from, std::uint32_t to) { return std::uint64_t{from} << 32 | to; }
  /// Asked for each message.
  bool same_machine(std::uint32_t from, std::uint32_t to) const {
    if (from == to) return true;
    if (from >= machine_of_.size() || to >= machine_of_.size()) return false;
    return machine_of_[from] != 0 && machine_of_[from] == machine_of_[to];
  }
  /// The delay as its correlation and the losses of the link make it.
  std::optional<Duration> disturbed(std::uint32_t from, std::uint32_t to, const LinkOptions& link, Duration delay);
  bool blocked(std::uint32_t from, std::uint32_t to) const { return cut(from, to) || clogged(from, to); }
  bool lost(std::uint32_t from, std::uint32_t to, const LinkOptions& link);
  std::optional<std::string> resolve(const std::string& host, const std::string& own_address) const;
  /// The address of a host as the process sees it. Throws boost::system::system_error.
  asio::awaitable<std::string> look_up(Context& context, std::string host, std::string own_address);
  /// What faults of the link before remember is forgotten, and what waited for them goes on.
  void change_link(Direction way, const LinkOptions& before, const LinkOptions& now);
  void ease(Direction way);
  /// To what the address resolved to.
  asio::awaitable<Stream> connect_to(Context& context, std::string own_address, Address address, std::string machine);
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
  std::set<Direction> cuts_, clogs_;
  std::set<Direction> dead_;                                                       // their links lose all
  std::map<Direction, std::deque<OnceFunction<void()>>> waiting_;                  // for the release of a clog
  std::map<Direction, std::deque<std::weak_ptr<std::function<void()>>>> hurried_;  // when the link is eased
  std::map<Direction, Door> doors_;
  std::map<Direction, Line> lines_;  // of links whose faults remember something
  std::map<std::uint32_t, std::vector<std::shared_ptr<const Lookup>>> lookups_;
  std::map<std::string, std::string> names_;
  std::map<std::string, Service> services_;  // by address
  std::map<std::uint32_t, std::string> addresses_;
  std::map<std::string, std::uint32_t> machines_;  // numbers of addresses, from 1
  std::vector<std::uint32_t> machine_of_;          // by process; 0: none
  std::map<Place, std::shared_ptr<ListenerState>> listeners_;
  std::map<std::uint64_t, Connection*> connections_;
  std::map<std::string, std::uint16_t> ports_;  // the last ephemeral port by address
  std::uint64_t last_connection_ = 0;
};

}  // namespace kumasim::sim
