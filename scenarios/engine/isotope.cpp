/// Isotope's services and scripts in the words of a scenario.
#include "kumasim/scenario/isotope.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "kumasim/scenario/document.hpp"
#include "kumasim/scenario/quantity.hpp"
#include "scenarios/engine/isotope_grammar.hpp"

namespace kumasim::scenario {
namespace {

using json = nlohmann::json;
using ordered_json = nlohmann::ordered_json;

class Importer {
 public:
  Importer(const Document& document, const IsotopeOptions& options, Diagnostics& out)
      : document_(document), options_(options), out_(out) {
    defaults_ = document.value.value("defaults", json::object());
    for (const json& service : document.value["services"]) names_.push_back(service["name"].get<std::string>());
  }

  ordered_json scenario() {
    ordered_json services = ordered_json::array();
    services.push_back(ordered_json{{"name", options_.client}, {"calls", ordered_json::array()}});
    ordered_json load = ordered_json::array();
    std::size_t index = 0;
    for (const json& value : document_.value["services"]) {
      std::string path = child_path("services", index++);
      auto name = value["name"].get<std::string>();
      if (name == options_.client) complain(child_path(path, "name"), "is the name of the client: choose another one");
      services.push_back(service(value, path));
      if (!value.value("isEntrypoint", false)) continue;
      services[0]["calls"].push_back(name);
      load.push_back({{"from", options_.client}, {"to", name}, {"rate", options_.rate}});
    }
    if (load.empty()) complain("services", "no service has `isEntrypoint: true`, so nothing would be called");
    ordered_json mesh{{"type", "Mesh"},
                      {"name", "default"},
                      {"mtls", {{"enabledBackend", "ca-1"}, {"backends", {{{"name", "ca-1"}, {"type", "builtin"}}}}}}};
    ordered_json rule{{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"action", "Allow"}}}};
    ordered_json permission{{"type", "MeshTrafficPermission"}, {"mesh", "default"}, {"name", "all"}};
    permission["spec"]["from"] = ordered_json::array({rule});
    ordered_json spec{{"duration", options_.duration}};
    spec["topology"]["services"] = std::move(services);
    spec["resources"] = ordered_json::array({mesh, permission});
    spec["load"] = std::move(load);
    spec["expect"] = ordered_json::array({ordered_json{{"always", "no-plaintext"}}});
    return {{"apiVersion", "kumasim/v1"},
            {"kind", "Scenario"},
            {"metadata", {{"name", options_.name}}},
            {"spec", std::move(spec)}};
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> out;
    for (const std::string& field : left_out_)
      out.push_back(fmt::format("{}: `{}` has no counterpart and is left out", document_.file, field));
    return out;
  }

 private:
  void complain(const std::string& path, std::string message, std::string hint = {}) {
    out_.push_back(document_.complain(path, std::move(message), std::move(hint)));
  }

  /// The field, else the default, with its path; null where there is neither.
  std::pair<json, std::string> field(const json& value, const std::string& path, const char* name) const {
    if (value.contains(name)) return {value[name], child_path(path, name)};
    if (defaults_.contains(name)) return {defaults_[name], child_path("defaults", name)};
    return {};
  }

  ordered_json service(const json& value, const std::string& path) {
    ordered_json out{{"name", value["name"]}};
    for (const char* unknown : {"numRbacPolicies", "cluster", "namespace"}) {
      if (!field(value, path, unknown).first.is_null()) left_out_.insert(unknown);
    }
    if (auto type = field(value, path, "type").first; !type.is_null()) out["protocol"] = type;
    if (auto replicas = field(value, path, "numReplicas").first; !replicas.is_null()) out["instances"] = replicas;
    out["latency"] = "0s";
    if (auto [rate, at] = field(value, path, "errorRate"); !rate.is_null()) {
      std::int64_t parts = parts_per_million(rate, at);
      if (parts > 0) out["errors"] = {{"rate", percent_text(parts)}, {"status", 500}};
    }
    if (auto [size, at] = field(value, path, "responseSize"); !size.is_null()) {
      if (std::uint64_t bytes = bytes_of(size, at); bytes > 0) out["responseSize"] = size_text(bytes);
    }
    auto [script, at] = field(value, path, "script");
    if (script.is_null() || script.empty()) return out;
    ordered_json calls = ordered_json::array();
    ordered_json steps = ordered_json::array();
    std::size_t index = 0;
    for (const json& part : script) steps.push_back(step(part, child_path(at, index++), calls));
    if (!calls.empty()) out["calls"] = std::move(calls);
    out["script"] = std::move(steps);
    return out;
  }

  ordered_json step(const json& value, const std::string& path, ordered_json& calls) {
    if (value.is_array()) {
      ordered_json out = ordered_json::array();
      std::size_t index = 0;
      for (const json& part : value) out.push_back(step(part, child_path(path, index++), calls));
      return out;
    }
    if (value.contains("sleep")) {
      auto text = value["sleep"].get<std::string>();
      auto time = parse_duration(text);
      if (!time) complain(child_path(path, "sleep"), "expected a duration of at most ten years");
      return {{"sleep", duration_text(time.value_or(Duration(0)))}};
    }
    return {{"call", call(value["call"], child_path(path, "call"), calls)}};
  }

  ordered_json call(const json& value, const std::string& path, ordered_json& calls) {
    auto to = value.is_string() ? value.get<std::string>() : value["service"].get<std::string>();
    std::string at = value.is_string() ? path : child_path(path, "service");
    if (std::ranges::find(names_, to) == names_.end()) {
      std::string near = nearest(to, names_);
      complain(at, fmt::format("there is no service `{}`", to),
               near.empty() ? "" : fmt::format("did you mean `{}`?", near));
    }
    if (std::ranges::find(calls, ordered_json(to)) == calls.end()) calls.push_back(to);
    ordered_json out{{"to", to}};
    json size = defaults_.value("requestSize", json());
    std::string size_path = child_path("defaults", "requestSize");
    for (const char* name : {"size", "payloadSize"}) {
      if (!value.is_object() || !value.contains(name)) continue;
      size = value[name];
      size_path = child_path(path, name);
    }
    if (!size.is_null()) {
      if (std::uint64_t bytes = bytes_of(size, size_path); bytes > 0) out["size"] = size_text(bytes);
    }
    for (const char* unknown : {"hostname", "call-override"}) {
      if (value.is_object() && value.contains(unknown)) left_out_.insert(unknown);
    }
    if (value.is_object() && value.contains("probability") && value["probability"] != 100)
      out["probability"] = fmt::format("{}%", value["probability"].get<int>());
    return out.size() == 1 ? ordered_json(to) : out;
  }

  std::int64_t parts_per_million(const json& value, const std::string& path) {
    double part =
        value.is_number() ? value.get<double>() : std::strtod(value.get<std::string>().c_str(), nullptr) / 100;
    auto parts = static_cast<std::int64_t>(std::llround(part * 1e6));
    if (parts > 1'000'000) complain(path, "is above 100%");
    if (part > 0 && parts == 0) complain(path, "is below 0.0001%, the least that a scenario can say");
    return parts;
  }

  std::uint64_t bytes_of(const json& value, const std::string& path) {
    if (value.is_number()) return value.get<std::uint64_t>();
    auto text = value.get<std::string>();
    char* unit = nullptr;
    double number = std::strtod(text.c_str(), &unit);
    while (*unit == ' ') ++unit;
    switch (*unit) {
      case 'k':
      case 'K': number *= 1024; break;
      case 'm':
      case 'M': number *= 1024 * 1024; break;
      case 'g':
      case 'G': number *= 1024.0 * 1024 * 1024; break;
      default: break;
    }
    if (number > 1 << 30) {
      complain(path, "is above 1024MiB, the most that a scenario can say");
      return 0;
    }
    return static_cast<std::uint64_t>(number);
  }

  static std::string size_text(std::uint64_t bytes) {
    if (bytes % (1 << 20) == 0) return fmt::format("{}MiB", bytes >> 20);
    if (bytes % (1 << 10) == 0) return fmt::format("{}KiB", bytes >> 10);
    return fmt::format("{}B", bytes);
  }

  const Document& document_;
  const IsotopeOptions& options_;
  Diagnostics& out_;
  json defaults_;
  std::vector<std::string> names_;
  std::set<std::string> left_out_;
};

/// Plain scalars where they read back as the same text; lists and maps of the deeper levels in one line.
void emit(const ordered_json& value, int depth, YAML::Emitter& out) {
  if (value.is_object() || value.is_array()) {
    if (depth > 4) out << YAML::Flow;
    out << (value.is_object() ? YAML::BeginMap : YAML::BeginSeq);
    for (const auto& [key, item] : value.items()) {
      if (value.is_object()) out << YAML::Key << key << YAML::Value;
      emit(item, depth + 1, out);
    }
    out << (value.is_object() ? YAML::EndMap : YAML::EndSeq);
    return;
  }
  if (!value.is_string()) {
    out << value.dump();
    return;
  }
  auto text = value.get<std::string>();
  auto read = parse_document(text, "");
  bool plain = read && read->value == json(text);
  if (!plain) out << YAML::DoubleQuoted;
  out << text;
}

}  // namespace

std::expected<IsotopeScenario, Diagnostics> scenario_from_isotope(std::string_view text, const std::string& file,
                                                                  const IsotopeOptions& options) {
  auto document = parse_document(text, file);
  if (!document) return std::unexpected(Diagnostics{document.error()});
  Diagnostics diagnostics;
  check(isotope_grammar(), *document, diagnostics);
  if (!diagnostics.empty()) return std::unexpected(std::move(diagnostics));
  Importer importer(*document, options, diagnostics);
  ordered_json scenario = importer.scenario();
  if (!diagnostics.empty()) {
    std::ranges::stable_sort(diagnostics, {}, &Diagnostic::mark);
    return std::unexpected(std::move(diagnostics));
  }
  YAML::Emitter out;
  emit(scenario, 0, out);
  return IsotopeScenario{std::string(out.c_str()) + "\n", importer.notes()};
}

}  // namespace kumasim::scenario
