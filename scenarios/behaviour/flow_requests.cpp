#include "scenarios/behaviour/flow_requests.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include "reference-cp/xds/gateway/hostname.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "scenarios/behaviour/multi_zone_service.hpp"
#include "scenarios/behaviour/regex_example.hpp"

namespace kumasim::scenario {
namespace {

using cp::at;
using cp::text_at;
using nlohmann::json;

/// Requests to one destination of a mesh.
constexpr std::size_t requests_max = 256;

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

/// Requests that a match is a step away from taking, or from not taking; `absent` are headers that it must not have.
std::vector<FlowRequest> beside(const FlowRequest& request, const sim::Headers& absent) {
  std::vector<FlowRequest> out;
  auto add = [&](auto change) {
    FlowRequest other = request;
    change(other);
    if (other != request) out.push_back(std::move(other));
  };
  const std::size_t query = std::min(request.path.find('?'), request.path.size());
  add([&](FlowRequest& r) {
    if (r.path != "/") r.path.insert(query, r.path[query - 1] == '/' ? "x" : "/x");
  });
  add([](FlowRequest& r) { r.method = r.method == "GET" ? "POST" : "GET"; });
  add([](FlowRequest& r) { r.headers.clear(); });
  add([&](FlowRequest& r) { r.path.erase(query); });
  for (const auto& header : absent) add([&](FlowRequest& r) { r.headers.push_back(header); });
  return out;
}

/// `kind` is the field that says how a header is matched.
sim::Headers absent_of(const json& match, const char* kind) {
  sim::Headers out;
  for (const json& header : at(match, "headers"))
    if (lower(text_at(header, kind)) == "absent") out.emplace_back(lower(text_at(header, "name")), "any");
  return out;
}

/// `matches` of a MeshGatewayRoute's rule.
FlowRequest gateway_request_of(const json& match) {
  auto value = [](const json& matcher) {
    std::string how = text_at(matcher, "match"), text = text_at(matcher, "value");
    return how == "REGEX" ? example_of_regex(text) : how == "PRESENT" ? "any" : text;
  };
  FlowRequest out;
  if (std::string path = value(at(match, "path")); !path.empty()) out.path = path;
  if (std::string method = text_at(match, "method"); !method.empty() && method != "NONE") out.method = method;
  for (const json& header : at(match, "headers"))
    if (text_at(header, "match") != "ABSENT") out.headers.emplace_back(lower(text_at(header, "name")), value(header));
  std::string query;
  for (const json& parameter : at(match, "queryParameters"))
    query += (query.empty() ? "?" : "&") + text_at(parameter, "name") + "=" + value(parameter);
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

/// Some of these hostnames are for the other one, or there are none.
bool are_for(const json& hostnames, const std::string& hostname) {
  return hostnames.empty() || std::ranges::any_of(hostnames, [&](const json& each) {
           return each.is_string() && cp::gateway::overlap(each.get<std::string>(), hostname);
         });
}

class Collection {
 public:
  void add(FlowRequest request, const sim::Headers& absent) {
    if (!request.path.starts_with('/')) return;
    std::ranges::move(beside(request, absent), std::back_inserter(near_));
    named_.push_back(std::move(request));
  }
  void add_rules_of_http_route(const json& to) {
    for (const json& rule : at(to, "rules"))
      for (const json& match : at(rule, "matches")) add(request_of(match), absent_of(match, "type"));
  }
  void add_alone(FlowRequest request) { named_.push_back(std::move(request)); }

  FlowRequests take() {
    std::set<FlowRequest> all;
    FlowRequests out;
    for (const auto* list : {&named_, &near_})
      for (const FlowRequest& request : *list) {
        if (out.looked_at.size() < requests_max) out.looked_at.insert(request);
        all.insert(request);
      }
    out.left_out = all.size() - out.looked_at.size();
    return out;
  }

 private:
  std::vector<FlowRequest> named_{FlowRequest{}}, near_;
};

}  // namespace

FlowRequests requests_to(const Deployment& deployment, const std::string& mesh, const std::string& destination,
                         const Scenario* scenario) {
  Collection found;
  for (const auto& [key, resource] : deployment.resources()) {
    if (key[1] != mesh) continue;
    const json& spec = resource["spec"];
    if (key[0] == "MeshHTTPRoute")
      for (const json& to : at(spec, "to")) {
        std::string name = text_at(to, "targetRef", "name");
        if (name.empty() || name == destination) found.add_rules_of_http_route(to);
      }
    if (key[0] == "TrafficRoute")
      for (const json& http : at(spec, "conf", "http")) found.add(old_request_of(at(http, "match")), {});
  }
  if (scenario != nullptr)
    for (const Service& service : scenario->services)
      for (const Outbound& call : service.calls)
        if (name_of_call(call) == destination) found.add_alone({.method = "GET", .path = call.path, .headers = {}});
  return found.take();
}

FlowRequests requests_at(const Deployment& deployment, const std::string& mesh, const Door& door) {
  Collection found;
  for (const auto& [key, resource] : deployment.resources()) {
    if (key[1] != mesh) continue;
    const json& spec = resource["spec"];
    if (key[0] == "MeshHTTPRoute")
      for (const json& to : at(spec, "to"))
        if (text_at(to, "targetRef", "name").empty() && are_for(at(to, "hostnames"), door.hostname))
          found.add_rules_of_http_route(to);
    if (key[0] != "MeshGatewayRoute" || !are_for(at(spec, "conf", "http", "hostnames"), door.hostname)) continue;
    for (const json& rule : at(spec, "conf", "http", "rules"))
      for (const json& match : at(rule, "matches")) found.add(gateway_request_of(match), absent_of(match, "match"));
  }
  return found.take();
}

}  // namespace kumasim::scenario
