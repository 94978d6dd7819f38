#include "reference-cp/app/kumactl/printing.hpp"

#include <map>
#include <ostream>
#include <set>

#include "reference-cp/app/kumactl/yaml_text.hpp"

namespace kumasim::cp {

Result<> print_formatted(std::ostream& out, const nlohmann::ordered_json& value, const std::string& format) {
  if (format == "json") {
    out << value.dump(2) << "\n";
    return {};
  }
  if (format == "yaml") {
    out << yaml_text(nlohmann::json(value));
    return {};
  }
  return fail(Code::invalid_argument, "unknown output format \"" + format + "\"");
}

Result<> print_resource(std::ostream& out, const Kind& kind, const nlohmann::ordered_json& value,
                        const std::string& format) {
  if (format != "yaml" || kind.wire() != Wire::flat) return print_formatted(out, value, format);
  nlohmann::json meta = nlohmann::json::object(), spec = nlohmann::json::object();
  for (const auto& [key, item] : value.items()) {
    auto of_meta = key == "type" || key == "mesh" || key == "name" || key == "labels" || key == "creationTime" ||
                   key == "modificationTime" || key == "kri";
    (of_meta ? meta : spec)[key] = item;
  }
  out << yaml_text(meta);
  if (!spec.empty()) out << yaml_text(spec);
  return {};
}

std::string tags_text(const nlohmann::json& resource) {
  std::map<std::string, std::set<std::string>> tags;
  auto take = [&](const nlohmann::json& from) {
    if (!from.is_object() || !from.contains("tags")) return;
    for (const auto& [key, value] : from["tags"].items())
      if (value.is_string()) tags[key].insert(value.get<std::string>());
  };
  auto networking = resource.value("networking", nlohmann::json::object());
  for (const auto& inbound : networking.value("inbound", nlohmann::json::array())) take(inbound);
  take(networking.value("gateway", nlohmann::json()));
  take(resource);
  std::string out;
  for (const auto& [key, values] : tags) {
    out += (out.empty() ? "" : " ") + key + "=";
    auto first = true;
    for (const auto& value : values) out += (std::exchange(first, false) ? "" : ",") + value;
  }
  return out;
}

}  // namespace kumasim::cp
