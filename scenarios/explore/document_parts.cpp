/// Paths into a document.
#include "scenarios/explore/document_parts.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "kumasim/scenario/document.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

void add_items(const json& document, const Part& list, std::vector<Part>& out) {
  if (!document.contains(list) || !document[list].is_array()) return;
  for (std::size_t i = 0; i < document[list].size(); ++i) out.push_back(list / i);
}

/// Never left out, wherever they stand.
bool kept(const std::string& key) {
  static constexpr std::array<const char*, 14> keys{"apiVersion", "kind",  "metadata", "type",     "mesh",
                                                    "name",       "fault", "for",      "duration", "topology",
                                                    "spec",       "that",  "expect",   "services"};
  return std::ranges::find(keys, key) != keys.end();
}

/// The times of an expectation or of the liveness phase: without one it would ask for something else.
bool window(const Part& at) {
  if (at.empty()) return false;
  return at.back() == "during" || at.back() == "eventually" || at.to_string() == "/spec/liveness";
}

void add_fields(const json& value, const Part& at, const std::set<std::string>& large, std::vector<Part>& out) {
  auto see = [&](const json& item, const Part& where, bool may_go) {
    if (may_go && !large.contains(where.to_string())) out.push_back(where);
    add_fields(item, where, large, out);
  };
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) see(item, at / key, !kept(key) && !window(at));
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) see(value[i], at / i, true);
  }
}

json rebuilt(const json& value, const Part& at, const std::set<std::string>& gone) {
  if (!value.is_structured()) return value;
  json out = value.is_array() ? json::array() : json::object();
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!gone.contains((at / i).to_string())) out.push_back(rebuilt(value[i], at / i, gone));
    }
    return out;
  }
  for (const auto& [key, item] : value.items()) {
    if (!gone.contains((at / key).to_string())) out[key] = rebuilt(item, at / key, gone);
  }
  return out;
}

std::string name_in(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object()) return "";
  for (const char* key : {"name", "fault", "to", "always", "sometimes"}) {
    if (value.contains(key) && value[key].is_string()) return value[key].get<std::string>();
  }
  for (const char* key : {"metadata", "during", "eventually", "usually", "apply", "delete"}) {
    if (!value.contains(key) || !value[key].is_object()) continue;
    const json& inner = value[key];
    if (inner.contains("that") && inner["that"].is_string()) return inner["that"].get<std::string>();
    return name_in(inner);
  }
  return "";
}

}  // namespace

std::vector<Part> large_parts(const json& document) {
  std::vector<Part> out;
  const Part spec("/spec"), services = spec / "topology" / "services";
  for (const char* list : {"expect", "faults", "changes", "load"}) add_items(document, spec / list, out);
  add_items(document, spec / "topology" / "links", out);
  for (const char* list : {"overrides", "resources"}) add_items(document, spec / list, out);
  if (document["spec"].contains("liveness")) out.push_back(spec / "liveness");
  add_items(document, services, out);
  for (std::size_t i = 0; document.contains(services) && i < document[services].size(); ++i) {
    add_items(document, services / i / "calls", out);
    add_items(document, services / i / "versions", out);
  }
  return out;
}

std::vector<Part> small_parts(const json& document) {
  std::set<std::string> large;
  for (const Part& part : large_parts(document)) large.insert(part.to_string());
  std::vector<Part> out;
  add_fields(document, Part(), large, out);
  return out;
}

json without(const json& document, const std::vector<Part>& parts) {
  std::set<std::string> gone;
  for (const Part& part : parts) gone.insert(part.to_string());
  return rebuilt(document, Part(), gone);
}

std::string part_text(const json& document, const Part& part) {
  std::string out;
  json::json_pointer at;
  std::string rest = part.to_string();
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find('/', 1), rest.size());
    Part step(rest.substr(0, end));
    rest.erase(0, end);
    bool item = document.contains(at) && document[at].is_array();
    out = item ? child_path(out, static_cast<std::size_t>(std::stoull(step.back()))) : child_path(out, step.back());
    at /= step;
  }
  std::string name = document.contains(part) ? name_in(document[part]) : "";
  return name.empty() ? out : fmt::format("{} ({})", out, name);
}

}  // namespace kumasim::scenario
