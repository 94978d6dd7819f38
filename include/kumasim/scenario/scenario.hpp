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

#include "kumasim/scenario/diagnostic.hpp"
#include "kumasim/scenario/predicate.hpp"
#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {

using Tags = std::map<std::string, std::string>;

/// A law of delays. `a` and `b` are: constant a; uniform a..b; exponential mean a;
/// lognormal median a, 99th percentile b.
struct DelayLaw {
  enum class Law { constant, uniform, exponential, lognormal };
  Law law = Law::constant;
  Duration a{};
  Duration b{};
};

/// One instance of a service: one Dataplane, one proxy, one application, one process.
struct Instance {
  std::string process;  // "backend-v1-0"
  std::string service;
  Tags tags;  // all of the Dataplane's inbound, kuma.io/service included
  DelayLaw latency;
};

struct Outbound {
  std::string to;
  std::string path = "/";
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
};

struct Link {
  std::array<std::string, 2> between;
  std::optional<DelayLaw> delay;
  std::int64_t loss_ppm = 0;
};

struct Load {
  std::string from;
  std::string to;
  Duration between_calls{};
  bool poisson = true;
  std::string path = "/";
  Duration start{};
  Duration end{};
};

/// Which instances a fault strikes, drawn by the seed; `pick` 0 is all.
struct Selection {
  std::string service;
  Tags tags;
  std::size_t pick = 1;
};

struct Fault {
  enum class Kind { kill, restart, pause, resume, partition, heal, delay };
  Kind kind = Kind::kill;
  Span at;
  std::optional<Span> lasts;
  std::string target;
  std::optional<Selection> select;
  std::array<std::string, 2> between;
  Link link;  // of Kind::delay
  Mark mark;
};

/// A resource applied or deleted while the run goes on.
struct Change {
  Span at;
  nlohmann::json apply;  // null where the change deletes
  std::string delete_type, delete_mesh, delete_name;
  Mark mark;
};

struct Expectation {
  enum class Mode { always, during, eventually };
  Mode mode = Mode::always;
  Duration from{};  // window; for `eventually`: after .. after + within
  Duration to{};
  Predicate that;
  std::string text;  // as the file has it
  Mark mark;

  /// "always no-plaintext", "within 5s after 80s: reachable(audit -> backend)".
  std::string title() const;
};

/// A resource as it is applied, with the place that it came from.
struct ResourceText {
  nlohmann::json body;
  std::string origin;  // "scenarios/quickstart.yaml:31"
};

struct Scenario {
  std::string file;
  std::string name;
  std::string description;
  std::vector<std::string> tags;
  Duration duration{};
  Duration setup_limit{};
  ControlPlaneSpec control_plane;
  std::vector<Service> services;
  std::vector<Instance> instances;
  std::vector<Link> links;
  std::vector<ResourceText> resources;  // overrides already made
  std::vector<std::string> overrides;   // one line each, for the report
  std::vector<Load> load;
  std::vector<Fault> faults;
  std::vector<Change> changes;
  std::vector<Expectation> expectations;

  const Service* find_service(std::string_view name) const;
  const Instance* find_instance(std::string_view process) const;
  /// The processes that a name in `between` or `target` stands for: itself, or all instances of a service.
  std::vector<std::string> processes_of(const std::string& name) const;
};

std::string fault_name(Fault::Kind kind);

/// Reads the file and those that it names. Everything that is wrong is reported, in the order of the file.
std::expected<Scenario, Diagnostics> load_scenario_file(const std::string& path);

/// The same for a text; `file` is named in diagnostics and `file: PATH` is resolved beside it.
std::expected<Scenario, Diagnostics> load_scenario(std::string_view text, const std::string& file);

}  // namespace kumasim::scenario
