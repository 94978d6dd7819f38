/// Reads a scenario out of a document whose shape was checked; collects what the shape alone cannot tell.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kumasim/scenario/document.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

class Destinations;

class Reader {
 public:
  Reader(const Document& document, Scenario& scenario, Diagnostics& out)
      : document_(document), scenario_(scenario), out_(out) {}

  void read();

 private:
  using json = nlohmann::json;

  // reader.cpp
  void complain(const std::string& path, std::string message, std::string hint = {});
  /// `otherwise` where it is above ten years, which is complained of.
  Duration duration(const json& value, const std::string& path, Duration otherwise = {});
  Duration duration_or(const json& parent, const char* field, const std::string& path, Duration fallback);
  Span span(const json& value, const std::string& path);
  DelayLaw delay(const json& value, const std::string& path);
  DelayLaw measured(const std::string& file, const std::string& path);
  Link link(const json& value, const std::string& path);
  void known_service(const std::string& name, const std::string& path);
  /// Of any instance: a route may lead to other services.
  void known_tag(const std::string& key, const std::string& value, const std::string& path);
  void known_process(const std::string& name, const std::string& path);
  std::vector<std::string> service_names() const;
  std::vector<std::string> process_names() const;

  // reader_topology.cpp
  void read_topology(const json& topology, const std::string& path);
  void read_service(const json& service, const std::string& path);
  void add_instances(const json& group, const Service& service, const std::string& prefix, Instance as,
                     const std::string& path);
  void add_in_zones(const json& group, const Service& service, const std::string& suffix, const Instance& as,
                    const std::vector<std::string>& zones, const std::string& path);
  void check_topology(const json& topology, const std::string& path);

  // reader_destinations.cpp
  void check_destinations(const std::string& path);
  void check_backend_ref(const Destinations& destinations, const Service& service, const Outbound& call,
                         const std::string& path);
  void check_reach(const Destinations& destinations, const Service& service, const Outbound& call,
                   const std::string& path);

  // reader_zones.cpp
  void read_control_plane(const json& value, const std::string& name, const std::string& path, ControlPlaneSpec& out);
  void read_zones(const json& topology, const std::string& path);
  void read_replicas(const json& value, const std::string& path, ControlPlaneSpec& out);
  void read_zone(const json& value, const std::string& path);
  std::vector<std::string> zone_names() const;
  void known_zone(const std::string& name, const std::string& path);
  std::string zone_at(const json& value, const std::string& path);
  std::vector<std::string> zones_at(const json& value, const std::string& path);

  // reader_application.cpp
  void read_application(const json& value, const Service& service, const std::string& path, Application& out);
  void check_application(const Application& application, const std::string& path);
  std::vector<WorkStep> read_script(const json& steps, const Service& service, const std::string& path);
  WorkStep read_step(const json& step, const Service& service, const std::string& path);
  RequestHead read_head(const json& value, const std::string& to, const std::string& path);
  void check_heads();
  InnerCall read_inner_call(const json& call, const Service& service, const std::string& path);
  Retries read_retries(const json& value, const std::string& path);
  std::int64_t percent_or(const json& parent, const char* field, std::int64_t fallback);
  std::uint64_t size(const json& value, const std::string& path);
  void check_timeout(Duration timeout, const std::string& path);
  void check_call_graph(const std::string& path);
  void check_slowing_faults(const std::string& path);

  // reader_resources.cpp
  void read_resources(const json& resources, const std::string& path);
  void read_resource(const json& body, const std::string& path, std::string zone);
  void read_resource_file(const std::string& name, const std::string& path, const std::string& zone);
  void read_overrides(const json& overrides, const std::string& path);
  void check_meshes();
  std::set<std::string> mesh_names() const;
  std::string mesh_hint(const std::string& mesh) const;

  // reader_faults.cpp, reader_fault_names.cpp
  void read_faults(const json& faults, const std::string& path);
  void read_fault(const json& fault, const std::string& path);
  void read_fault_time(Fault& fault, const json& value, const std::string& path);
  void read_trigger(Trigger& trigger, const json& value, const std::string& path);
  void check_shape(const Fault& fault, const std::string& path);
  void check_pairs(const Fault& fault, const std::string& path);
  void check_parts(const Fault& fault, const std::string& path);
  void check_disk(const Fault& fault, const std::string& path);
  void check_zone(const Fault& fault, const std::string& path);
  void check_shared_store(const Fault& fault, const std::string& path);
  void check_names(const Fault& fault, const std::string& path);
  void check_setting(const Fault& fault, const std::string& path);
  void read_whom(Fault& fault, const json& value, const std::string& path);
  void read_selection(Selection& selection, const json& value, const std::string& path);
  void read_parameters(Fault& fault, const json& value, const std::string& path);
  FaultValue fault_value(const fault::Parameter& parameter, const json& value, const std::string& path);

  // reader_run.cpp
  void read_load(const json& load, const std::string& path);
  void known_mesh(const std::string& mesh, const std::string& path);
  void read_changes(const json& changes, const std::string& path);
  void read_window(const json& value, const std::string& path, Expectation& out);
  std::int64_t part_or(const json& value, const char* field, const std::string& path, std::int64_t fallback);
  void read_expectations(const json& expectations, const std::string& path);
  void check_predicate(Expectation& expectation, const std::string& path);
  void find_policy(Predicate& that, const std::string& path);

  // reader_swarm.cpp
  void read_swarm(const json& swarm, const std::string& path);
  void read_liveness(const json& liveness, const std::string& path);

  const Document& document_;
  Scenario& scenario_;
  struct ReadHead {
    std::string to, path;
    RequestHead head;
  };
  std::vector<ReadHead> heads_;
  Diagnostics& out_;
};

}  // namespace kumasim::scenario
