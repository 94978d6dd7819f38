#include "scenarios/behaviour/flow_requests.hpp"

#include "reference-cp/xds/json_read.hpp"
#include "scenarios/behaviour/regex_example.hpp"

namespace kumasim::scenario {
namespace {

using cp::at;
using cp::text_at;
using nlohmann::json;

/// Requests of one mesh and destination; a mirror image of every match would be more, but none that a route names.
constexpr std::size_t requests_max = 64;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string value_of(const std::string& type, const std::string& value) {
  if (type == "RegularExpression") return example_of_regex(value);
  return type == "Present" ? "any" : value;
}

/// `matches` of a MeshHTTPRoute's rule.
FlowRequest request_of(const json& match) {
  FlowRequest out;
  if (std::string path = text_at(match, "path", "value"); !path.empty())
    out.path = value_of(text_at(match, "path", "type"), path);
  if (std::string method = text_at(match, "method"); !method.empty()) out.method = method;
  for (const json& header : at(match, "headers")) {
    std::string type = text_at(header, "type");
    if (type != "Absent")
      out.headers.emplace_back(lower(text_at(header, "name")), value_of(type, text_at(header, "value")));
  }
  std::string query;
  for (const json& parameter : at(match, "queryParams"))
    query += (query.empty() ? "?" : "&") + text_at(parameter, "name") + "=" +
             value_of(text_at(parameter, "type"), text_at(parameter, "value"));
  out.path += query;
  return out;
}

/// A matcher of TrafficRoute: exact, prefix or regex.
std::string old_value(const json& matcher) {
  if (std::string exact = text_at(matcher, "exact"); !exact.empty()) return exact;
  if (std::string prefix = text_at(matcher, "prefix"); !prefix.empty()) return prefix;
  return example_of_regex(text_at(matcher, "regex"));
}

FlowRequest old_request_of(const json& match) {
  FlowRequest out;
  if (std::string path = old_value(at(match, "path")); !path.empty()) out.path = path;
  if (std::string method = old_value(at(match, "method")); !method.empty()) out.method = method;
  const json& headers = at(match, "headers");
  if (headers.is_object())
    for (const auto& [name, matcher] : headers.items()) out.headers.emplace_back(lower(name), old_value(matcher));
  return out;
}

}  // namespace

std::set<FlowRequest> requests_to(const Deployment& deployment, const std::string& mesh, const std::string& destination,
                                  const Scenario* scenario) {
  std::set<FlowRequest> out{FlowRequest{}};
  auto add = [&](FlowRequest request) {
    if (out.size() < requests_max && request.path.starts_with('/')) out.insert(std::move(request));
  };
  for (const auto& [key, resource] : deployment.resources()) {
    if (key[1] != mesh) continue;
    const json& spec = resource["spec"];
    if (key[0] == "MeshHTTPRoute")
      for (const json& to : at(spec, "to")) {
        std::string name = text_at(to, "targetRef", "name");
        if (!name.empty() && name != destination) continue;
        for (const json& rule : at(to, "rules"))
          for (const json& match : at(rule, "matches")) add(request_of(match));
      }
    if (key[0] == "TrafficRoute")
      for (const json& http : at(spec, "conf", "http")) add(old_request_of(at(http, "match")));
  }
  if (scenario != nullptr)
    for (const Service& service : scenario->services)
      for (const Outbound& call : service.calls)
        if (call.to == destination) add({.method = "GET", .path = call.path, .headers = {}});
  return out;
}

}  // namespace kumasim::scenario
