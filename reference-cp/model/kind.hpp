/// A kind of resource (Mesh, Dataplane, MeshTimeout, ...): its names, its scope, its shape and its rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/schema.hpp"
#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

enum class Scope { global, mesh };

/// How the specification travels: in a field `spec`, or inlined at the top level (the kinds that Kuma keeps in
/// protobuf).
enum class Wire { spec, flat };

/// Direction of synchronisation between zones and the global control plane; a set of bits.
struct Kds {
  bool global_to_zones = false;
  bool zone_to_global = false;
  bool synced_across_zones = false;
  bool provided_by_zone = false;
  bool provided_by_global = false;
};

/// One column of `kumactl get`: a heading and where in the specification its text is ("" : computed by kumactl).
struct Column {
  std::string heading;
  std::string pointer;
};

/// The declaration of a kind; one file a kind fills one in (model/kinds/).
struct KindTable {
  std::string type;           // "MeshTimeout"
  std::string path;           // "meshtimeouts"; "" where REST does not show the kind
  std::string path_old{};     // a further path that Kuma still answers
  std::string singular;       // kumactl's argument: "meshtimeout"
  std::string plural;         // "meshtimeouts"
  std::string singular_text;  // "Mesh Timeout"
  std::string plural_text;    // "Mesh Timeouts"
  std::string short_name;     // "mt"; used in KRIs
  std::string text;           // one line for people
  Scope scope = Scope::mesh;
  Wire wire = Wire::spec;
  bool read_only = false;
  bool admin_only = false;
  bool policy = false;
  bool target_ref = false;  // a policy with targetRef
  bool has_to = false, has_from = false, has_rules = false;
  bool from_as_rules = false;
  bool has_status = false;
  bool is_proxy = false;
  bool is_destination = false;
  bool referenceable_in_to = false;
  bool namespaced = false;  // flat kinds: lives in a namespace on Kubernetes
  bool experimental = false;
  Kds kds;
  SchemaPtr schema;
  SchemaPtr status_schema;
  std::vector<Column> columns;
  /// Rules beyond the shape. `spec` is canonical; the path of what it reports starts as Kuma's does.
  void (*validate)(const Resource&, Violations&) = nullptr;
  /// Values that the CP fills in on every write.
  void (*fill)(Resource&) = nullptr;
  /// Deprecation warnings, in Kuma's words.
  void (*warn)(const Resource&, std::vector<std::string>&) = nullptr;
};

class Kind {
 public:
  explicit Kind(KindTable table);

  const std::string& type() const { return table_.type; }
  const std::string& path() const { return table_.path; }
  /// Whether zones make such resources (and the CP marks them as a zone's).
  bool is_provided_by_zone() const { return table_.kds.provided_by_zone || table_.kds.zone_to_global; }
  const std::string& singular() const { return table_.singular; }
  const std::string& plural() const { return table_.plural; }
  const std::string& short_name() const { return table_.short_name; }
  Scope scope() const { return table_.scope; }
  bool is_global() const { return table_.scope == Scope::global; }
  Wire wire() const { return table_.wire; }
  bool is_policy() const { return table_.policy; }
  bool is_target_ref_policy() const { return table_.policy && table_.target_ref; }
  bool is_read_only() const { return table_.read_only; }
  bool is_admin_only() const { return table_.admin_only; }
  const Schema& schema() const { return *table_.schema; }
  /// All of the declaration.
  const KindTable& table() const { return table_; }

  /// Rules beyond the shape, on a canonical specification (the codec has seen to the shape).
  void validate(const Resource& resource, Violations& violations) const;
  /// Fills in what the CP adds on every write.
  void fill(Resource& resource) const;
  /// Kuma's deprecation warnings for a resource that is otherwise valid.
  std::vector<std::string> warnings(const Resource& resource) const;

 private:
  KindTable table_;
};

}  // namespace kumasim::cp
