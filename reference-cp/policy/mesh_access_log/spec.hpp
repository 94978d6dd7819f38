/// MeshAccessLog's conf (Kuma docs, "Mesh Access Log").
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::cp::policy::mesh_access_log {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// A line of text, or a JSON object; both may hold placeholders.
struct Format {
  std::optional<std::string> plain;
  Pairs json;  ///< where there is no `plain`
  bool omit_empty_values = false;
};

/// kuma-dp sends the lines on: Envoy writes them with the address into its socket.
struct TcpBackend {
  std::string address;
  std::optional<Format> format;
};
struct FileBackend {
  std::string path;
  std::optional<Format> format;
};
struct OtlpBackend {
  std::string endpoint;
  Pairs attributes;
  std::optional<nlohmann::json> body;  ///< an OTLP value, or else taken as text
};
using Backend = std::variant<TcpBackend, FileBackend, OtlpBackend>;

std::vector<Backend> backends_from_json(const nlohmann::json& conf);

}  // namespace kumasim::cp::policy::mesh_access_log
