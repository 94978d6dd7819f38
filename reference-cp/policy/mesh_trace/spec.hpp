/// MeshTrace's conf (Kuma docs, "Mesh Trace").
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::cp::policy::mesh_trace {

struct Zipkin {
  std::string url;
  bool trace_id_128bit = false, shared_span_context = true;
  bool protobuf = false;  ///< else JSON
};
struct Datadog {
  std::string url;
  bool split_service = false;
};
struct OpenTelemetry {
  std::string endpoint;
};

/// A tag of each span: the value of a header, or fixed.
struct CustomTag {
  std::string name;
  std::optional<std::string> header;
  std::string value;  ///< the default for a header
};

struct Conf {
  std::variant<std::monostate, Zipkin, Datadog, OpenTelemetry> backend;
  std::optional<double> overall, client, random;  ///< percent of sampling
  std::vector<CustomTag> tags;

  static Conf from_json(const nlohmann::json& json);
  bool on() const { return !std::holds_alternative<std::monostate>(backend); }
};

}  // namespace kumasim::cp::policy::mesh_trace
