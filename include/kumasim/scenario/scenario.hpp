/// A scenario: topology, resources, load, faults, changes and expectations, as read from its file.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/fault/catalogue.hpp"
#include "kumasim/scenario/application.hpp"
#include "kumasim/scenario/diagnostic.hpp"
#include "kumasim/scenario/predicate.hpp"
#include "kumasim/scenario/quantity.hpp"
#include "kumasim/scenario/swarm.hpp"

namespace kumasim::scenario {

using Tags = std::map<std::string, std::string>;

/// One instance of a service: one Dataplane, one proxy, one application, one process.
struct Instance {
  std::string process;  // "backend-v1-0"
  std::string service;
  Tags tags;  // all of the Dataplane's inbound, kuma.io/service included
  DelayLaw latency;
  Application application = {};

  /// "" where there are no zones.
  std::string zone() const;
};

struct Outbound {
  std::string to;
  std::string path = "/";
  /// Of the Dataplane's outbound, in place of what the mesh's mode makes of `to`: `kind` (MeshService or
  /// MeshMultiZoneService), `name` or `labels`, and `port` where it is not the service's; null for none.
  nlohmann::json backend_ref = {};
};

struct Service {
  std::string name;
  std::string mesh = "default";
  std::string protocol = "http";
  std::uint16_t port = 8080;
  std::map<std::string, std::string> labels = {};  ///< of its Dataplanes
  std::vector<Outbound> calls;
};

struct ControlPlaneSpec {
  std::string name = "kuma-cp";
  std::map<std::string, std::string> settings;
  /// Processes, where it is several that share a store; then `name` stands for all of these.
  std::vector<std::string> replicas = {};

  // zones.cpp
  /// Those of its replicas, or the one of its name.
  std::vector<std::string> processes() const;
  /// That of the store which replicas share; "" for a control plane with a store of its own.
  std::string store_process() const;

  /// Dataplanes need tokens, which proxies of a scenario have not unless its settings ask for them.
  bool asks_for_tokens() const;
};

/// One of several zones: a control plane of its own, and proxies between the zone and others.
struct Zone {
  std::string name;
  std::string region = {};  // "" for none
  ControlPlaneSpec control_plane = {};
  std::vector<std::string> ingresses = {}, egresses = {};  // processes
};

struct Link {
  std::array<std::string, 2> between;
  std::optional<DelayLaw> delay;
  std::int64_t loss_ppm = 0;
};

/// Calls of one service to another: open, at a rate however long the answers take, or closed, by users who each wait
/// for the answer and think before they call again.
struct Load {
  std::string from;
  std::string to;
  Duration between_calls{};  // open
  bool poisson = true;
  std::uint32_t users = 0;  // closed; 0: the load is open
  DelayLaw think = {};
  std::string path = "/";
  RequestHead head = {};
  Duration timeout = std::chrono::seconds(10);  // of each try
  Retries retries = {};
  Duration start{};
  Duration end{};
  std::uint64_t bytes = 0;  // of a request's body; faults alone give it one
};

/// Which instances a fault strikes, drawn by the seed; `pick` 0 is all.
struct Selection {
  std::string service;  // "" for instances of any
  Tags tags;
  std::size_t pick = 1;
  std::string zone = {};  // "" for any

  bool takes(const Instance& instance) const;
};

/// What a scenario says of one parameter of a fault: a value, or a range that the seed draws from.
struct FaultValue {
  std::int64_t low = 0, high = 0;    // nanoseconds, parts of a million, or a number
  std::string word = {};             // of a word or a text
  std::optional<DelayLaw> law = {};  // of a delay
};

/// An event of the run that fires a fault.
struct Trigger {
  std::string event;           // "proxy.acked"
  Tags where = {};             // what its fields must be
  std::size_t occurrence = 1;  // counts from 1; 0: each
  Span after = {};             // from the event to the fault
};

struct Fault {
  /// Of `target`: the process that the event is about.
  static constexpr std::string_view of_event = "$event";

  const fault::Kind* kind = nullptr;
  Span at;
  std::optional<Trigger> when = {};  // takes the place of `at`
  std::optional<Span> every = {};    // from one to the next
  std::optional<Span> lasts = {};
  std::string target = {};
  std::optional<Selection> select = {};
  std::array<std::string, 2> between = {};
  std::map<std::string, FaultValue, std::less<>> values = {};  // what the file says, by parameter
  Mark mark = {};
};

/// A resource applied or deleted while the run goes on.
struct Change {
  Span at;
  std::string zone = {};  // whose control plane is told; "": Global, or the only one
  nlohmann::json apply;   // null where the change deletes
  std::string delete_type, delete_mesh, delete_name;
  Mark mark;
};

struct Expectation {
  enum class Mode { always, during, eventually, sometimes, usually };
  Mode mode = Mode::always;
  Duration from{};  // window; for `eventually`: after .. after + within
  Duration to{};
  std::int64_t share = 0, confidence = 0;  // of `usually`, in parts of a million
  Predicate that;
  std::string text;  // as the file has it
  Mark mark;

  /// "always no-plaintext", "within 5s after 80s: reachable(audit -> backend)".
  std::string title() const;
};

/// The kind, mesh and name of a resource in either form; empty texts where they are missing.
struct ResourceName {
  std::string type, mesh, name;
};
ResourceName resource_name(const nlohmann::json& body);

/// specification_hash() of a resource, as control planes answer with it; "" for what is none.
std::string specification_of(const nlohmann::json& body);

/// A resource as it is applied, with the place that it came from.
struct ResourceText {
  nlohmann::json body;
  std::string origin;     // "scenarios/quickstart.yaml:31"
  std::string zone = {};  // as of a change
};

struct Scenario {
  std::string file;
  std::string name;
  std::string description;
  std::vector<std::string> tags;
  Duration duration{};
  Duration setup_limit{};
  std::optional<WallTime> start = {};  // of the simulated world, by its clocks; none: its own
  ControlPlaneSpec control_plane;      // the only one; Global where there are zones
  std::vector<Zone> zones = {};        // empty: all is in one zone
  std::vector<Service> services;
  std::vector<Instance> instances;
  std::vector<Link> links;
  std::vector<ResourceText> resources;  // overrides already made
  std::vector<std::string> overrides;   // one line each, for the report
  std::vector<Load> load;
  std::vector<Fault> faults;
  std::vector<Change> changes;
  std::vector<Expectation> expectations;
  Swarm swarm;
  std::optional<Liveness> liveness;

  /// Who calls whom: the loads in their order, then the calls of scripts; each pair once.
  std::vector<std::pair<std::string, std::string>> flows() const;
  const Service* find_service(std::string_view name) const;
  const Instance* find_instance(std::string_view process) const;
  /// The processes that a name in `between` or `target` stands for: itself, all instances of a service, all replicas of
  /// a control plane, or all that is in a zone or in the zones of a region.
  std::vector<std::string> processes_of(const std::string& name) const;

  // zones.cpp
  const Zone* find_zone(std::string_view name) const;
  /// It is the name of a zone or of a region.
  bool is_place(std::string_view name) const;
  bool is_control_plane(std::string_view process) const;
  /// It is a store that replicas of a control plane share.
  bool is_store(std::string_view process) const;
  bool is_zone_proxy(std::string_view process) const;
  /// The control plane of that name where it has replicas; null for all else.
  const ControlPlaneSpec* find_replicated(std::string_view name) const;
  /// Control planes that have replicas.
  std::vector<const ControlPlaneSpec*> replicated() const;
  /// Processes: the only one; or those of Global, then those of the zones.
  std::vector<std::string> control_planes() const;
  /// Processes: those that replicas share.
  std::vector<std::string> stores() const;
  /// Ingresses and egresses of all zones.
  std::vector<std::string> zone_proxies() const;
  /// Control planes, shared stores, zone proxies, instances.
  std::vector<std::string> processes() const;
  /// Of a process, or of the name of a control plane's replicas; "" for Global and for instances of no zone.
  std::string zone_of(std::string_view process) const;
  /// Of the zone; of "": Global, or the only one.
  const ControlPlaneSpec& control_plane_in(std::string_view zone) const;
  /// That an instance or a zone proxy belongs to.
  const ControlPlaneSpec& control_plane_of(std::string_view process) const;
};

/// What does not work in that world, "sim" or "live", each with the place in the file and the reason.
Diagnostics faults_refused(const Scenario& scenario, std::string_view world);

/// Reads the file and those that it names. Everything that is wrong is reported, in the order of the file.
std::expected<Scenario, Diagnostics> load_scenario_file(const std::string& path);

/// The same for a text; `file` is named in diagnostics and `file: PATH` is resolved beside it.
std::expected<Scenario, Diagnostics> load_scenario(std::string_view text, const std::string& file);

}  // namespace kumasim::scenario
