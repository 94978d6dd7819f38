/// What a run saw: calls, sampled states of the proxies, actions, and what the control plane said to resources.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/runtime/time.hpp"

namespace kumasim::scenario {

/// How a call went from one machine to another, as far as it got.
enum class Crossing {
  none,       // it did not cross a proxy: nothing answered that could tell, or it never left the caller
  encrypted,  // under TLS on every way between two machines
  plaintext,  // in the clear on some way between two machines
};

/// One decision on the way of a call.
struct CallStep {
  std::string proxy;    // process
  std::string kind;     // listener, chain, tls, rbac, filter, route, cluster, endpoint, reply, app, client
  std::string name;     // of what it chose, or what it did
  std::string version;  // of the configuration behind it; "" for none
};

/// One call of one application; times count from the moment when the mesh was up.
struct CallRecord {
  Duration start{};
  Duration latency{};
  std::string from, to;  // services
  std::string from_process;
  std::string path;
  int status = 0;                       // 0: no answer
  std::optional<int> grpc_status = {};  // of an answer of gRPC; -1: none that gRPC knows
  std::string flags;                    // Envoy's response flags of the calling proxy
  std::string endpoint;                 // address:port of the last host tried
  std::string instance;                 // process that answered; "" where none did
  Crossing crossing = Crossing::none;
  bool denied = false;               // refused by access control
  std::string why;                   // listener -> chain -> rbac -> route -> cluster -> endpoint
  std::vector<CallStep> steps = {};  // of `why`, where the world keeps them

  bool ok() const { return status >= 200 && status < 400 && grpc_status.value_or(0) == 0; }
  bool plaintext() const { return crossing == Crossing::plaintext; }
};

/// What came: "no answer", "status 503" or "grpc-status 14 (Unavailable)".
std::string answer_text(const CallRecord& call);

/// The latency of a call that was not answered: longer than any.
inline constexpr Duration never = Duration::max();

/// Where a percentile stands in `count` sorted latencies, those of unanswered calls (`never`) at the end.
/// REQUIRES: count > 0, 1 <= percent <= 100.
constexpr std::size_t percentile_index(std::size_t count, int percent) {
  std::size_t rank = (count * static_cast<std::size_t>(percent) + 99) / 100;
  return rank == 0 ? 0 : rank - 1;
}

/// Called service -> address:port of its endpoints. Copies share it: a run keeps four states a second of each proxy,
/// and most know what they knew before.
class Endpoints {
 public:
  using Map = std::map<std::string, std::set<std::string>>;
  Endpoints() = default;
  Endpoints(Map map) : map_(std::make_shared<const Map>(std::move(map))) {}  // implicit: it is a map
  Endpoints(std::initializer_list<Map::value_type> entries) : Endpoints(Map(entries)) {}

  const Map& map() const {
    static const Map none;
    return map_ ? *map_ : none;
  }
  /// Those of one service.
  const std::set<std::string>& of(const std::string& service) const {
    static const std::set<std::string> none;
    auto found = map().find(service);
    return found == map().end() ? none : found->second;
  }

 private:
  std::shared_ptr<const Map> map_;
};

/// What one proxy knew at a moment.
struct ProxyState {
  bool up = false;
  bool connected = false;        // has a stream to the control plane
  bool ready = false;            // nothing is missing or warming
  std::uint64_t accepted = 0;    // configuration updates taken so far
  std::uint64_t refused = 0;     // and refused
  std::uint64_t life = 0;        // which life of the process this is, from 1
  std::uint64_t denied = 0;      // connections and requests that access control refused so far (live world)
  std::string address = {};      // address:port of its inbound; "": as at the start of the run
  std::string certificate = {};  // serial number of the leaf in use; "" for none
  WallTime certificate_end{};
  Endpoints endpoints = {};
  /// Type of resource ("Listener") -> what the proxy said, where it refused the last update of that type.
  std::map<std::string, std::string> refusals = {};
  /// A partition of the scenario lies between it and the control plane, which may not have noticed yet.
  bool cut_off = false;
};

/// An update that a proxy refused (a NACK).
struct Refusal {
  Duration at{};  // when it was seen first
  std::string proxy, type, text;
};

/// What the control plane says of one proxy: it sent the configurations, and heard what became of them.
struct ProxyRollout {
  bool connected = false;
  /// It has taken the newest configuration that could be made for it.
  bool current = false;
  std::map<std::string, std::string> refusals = {};  // as in ProxyState
};

struct Rollout {
  Duration at{};  // when it was asked for
  /// Something that was written is in no configuration yet.
  bool behind = false;
  std::map<std::string, ProxyRollout> proxies = {};  // by process: those whose resource is registered
  std::set<std::string> zones_behind = {};  // that are connected to Global and have not answered all that it gives them
  /// "MeshRetry/NAME" of each policy that an expectation names and that is stored -> the processes that it is about ->
  /// whether the last configuration that the proxy took as a whole was made with the policy as it is written now.
  std::map<std::string, std::map<std::string, bool>> policies = {};
  /// The same policies -> specification_hash() of what each control plane holds of it.
  std::map<std::string, std::set<std::string>> specifications = {};
};

struct StateSample {
  Duration at{};
  std::set<std::string> silent = {};  // control planes that do not run
  /// Zones whose control plane is not connected to Global, or is cut off by a partition of the scenario.
  std::set<std::string> zones_apart = {};
  std::map<std::string, ProxyState> proxies;  // by process
  std::optional<Rollout> rollout = {};        // absent where no control plane of theirs answered
  std::set<std::string> mute = {};            // control planes of which a process runs and does not answer
  std::set<std::string> storeless = {};       // replicas that run and do not reach the store that they share
  /// Proxy's process, or name of a zone -> the replicas that have its streams, as far as they know.
  std::map<std::string, std::set<std::string>> holders = {};
};

struct TimelineEntry {
  Duration at{};
  std::string text;
  bool fault = false;
  bool recovery = false;
};

/// A fault from its beginning to its end. One that is over at once ends when it begins.
struct FaultSpan {
  std::uint64_t id = 0;  // of its FaultOrder
  std::string kind;      // "net.partition"
  std::string text;      // as the timeline has it
  Duration begin{};
  std::optional<Duration> end = {};  // absent where it outlasted the run
};

/// A process started (up) or was gone.
struct LifeChange {
  Duration at{};
  std::string process;
  bool up = false;
};

/// What a resource says of where calls go between zones.
struct ZoneRouting {
  bool disabled = false;     // a Zone that is: others are not told what runs in it
  bool by_egress = false;    // a Mesh whose calls to other zones leave by an egress
  bool by_locality = false;  // a policy by which calls may know some zones only
};

/// What became of a resource that was applied or deleted; `at` is when the control plane answered.
struct ResourceRecord {
  std::string type, name;
  Duration at{};
  std::string problem = {};        // "" where it was accepted
  bool removed = false;            // it was deleted
  std::string specification = {};  // specification_hash() of what was applied; "" for what is no resource
  std::string zone = {};           // whose control plane answered; "": Global, or the only one
  ZoneRouting routing = {};
};

/// Something that a call would have met for a while, by the configurations of the proxies on its way, made or not.
struct PathTrouble {
  enum class Kind : std::uint8_t {
    distrust,    // one of two proxies does not take the other's certificate
    plaintext,   // neither of them uses TLS
    black_hole,  // it goes nowhere, though somebody runs who would serve it
  };
  Kind kind = Kind::distrust;
  std::string from;         // the calling process
  std::string to;           // the called service
  std::string server = {};  // the process that it would come to; "" where it comes to none
  std::string why = {};
  Duration begin{};
  std::optional<Duration> end = {};  // absent where it outlasted the run
};

struct Observations {
  std::vector<CallRecord> calls;
  std::vector<StateSample> samples;
  std::vector<TimelineEntry> timeline;
  std::vector<ResourceRecord> resources;
  std::map<std::string, std::string> addresses;  // process -> address:port of its inbound
  std::vector<FaultSpan> faults = {};            // in the order in which they began
  std::vector<PathTrouble> troubles = {};        // as they began; only where an expectation asks for them
  /// When calls were looked at for them, in the order of time; absent where the world cannot look.
  std::optional<std::vector<Duration>> paths = {};
  std::vector<LifeChange> lives = {};  // in the order of time; at the start of the run all processes are up

  /// The last fault that began at or before `when`; null for none.
  const TimelineEntry* fault_before(Duration when) const;
};

}  // namespace kumasim::scenario
