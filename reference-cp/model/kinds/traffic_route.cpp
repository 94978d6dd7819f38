/// TrafficRoute (old policy): shares and conditions by which traffic to a service goes to its versions.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/http.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.TrafficRoute.";

SchemaPtr split() {
  return list(message(package + "Split", {{"weight", wrapper(uint32()), "share of the traffic"},
                                          {"destination", map(string()), "tags of the proxies that get it"}}));
}

SchemaPtr http() {
  SchemaPtr matcher =
      message(package + "Http.Match.StringMatcher",
              {oneof("type", {"prefix", string(), "its beginning"}), oneof("type", {"exact", string(), "all of it"}),
               oneof("type", {"regex", string(), "a pattern"})});
  SchemaPtr regex = message(package + "Http.Modify.RegexReplace",
                            {{"pattern", string(), "what is replaced"}, {"substitution", string(), "by what"}});
  SchemaPtr headers =
      message(package + "Http.Modify.Headers",
              {{"add",
                list(message(package + "Http.Modify.Headers.Add", {{"name", string(), "the header"},
                                                                   {"value", string(), "its value"},
                                                                   {"append", boolean(), "keeps what is there"}})),
                "headers that are added"},
               {"remove", list(message(package + "Http.Modify.Headers.Remove", {{"name", string(), "the header"}})),
                "headers that are taken away"}});
  SchemaPtr modify =
      message(package + "Http.Modify",
              {{"path",
                message(package + "Http.Modify.Path",
                        {oneof("type", {"rewritePrefix", string(), "what the matched prefix becomes"}),
                         oneof("type", {"regex", regex, "a pattern"})}),
                "the new path"},
               {"host",
                message(package + "Http.Modify.Host", {oneof("type", {"value", string(), "a host"}),
                                                       oneof("type", {"fromPath", regex, "a part of the path"})}),
                "the new host"},
               {"requestHeaders", headers, "headers of the request"},
               {"responseHeaders", headers, "headers of the response"}});
  SchemaPtr headers_matched = wrapper(map(matcher));  // an empty map is told from none
  return list(message(package + "Http", {{"match",
                                          message(package + "Http.Match", {{"method", matcher, "the method"},
                                                                           {"path", matcher, "the path"},
                                                                           {"headers", headers_matched, "headers"}}),
                                          "the requests that are meant"},
                                         {"modify", modify, "changes"},
                                         {"split", split(), "shares"},
                                         {"destination", map(string()), "tags of the proxies that get all"}}));
}

SchemaPtr load_balancer() {
  return message(
      package + "LoadBalancer",
      {oneof("lb", {"roundRobin", message(package + "LoadBalancer.RoundRobin", {}), "in turn"}),
       oneof("lb", {"leastRequest",
                    message(package + "LoadBalancer.LeastRequest", {{"choiceCount", uint32(), "hosts compared"}}),
                    "fewest requests"}),
       oneof("lb", {"ringHash",
                    message(package + "LoadBalancer.RingHash", {{"hashFunction", string(), "XX_HASH or MURMUR_HASH_2"},
                                                                {"minRingSize", uint64(), "smallest ring"},
                                                                {"maxRingSize", uint64(), "largest ring"}}),
                    "consistent hashing"}),
       oneof("lb", {"random", message(package + "LoadBalancer.Random", {}), "at random"}),
       oneof("lb", {"maglev", message(package + "LoadBalancer.Maglev", {}), "Maglev hashing"})});
}

void validate_targets(const json& conf, const Path& path, Violations& out) {
  if (!has(conf, "split") && !has(conf, "destination")) out.add(path, "requires either \"destination\" or \"split\"");
  if (has(conf, "split") && has(conf, "destination")) {
    out.add(path, "\"split\" cannot be defined at the same time as \"destination\"");
  }
  if (has(conf, "split")) {
    const json& parts = at(conf, "split");
    Path here = path.at("split");
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const json& weight = at(parts[i], "weight");
      if (weight.is_null()) out.add(here.at(i).at("weight"), "needs to be defined");
      if (weight.is_number()) total += weight.get<std::uint64_t>();
      validate_selector(at(parts[i], "destination"), service_tags, here.at(i).at("destination"), out);
    }
    if (total == 0) out.add(here, "there must be at least one split entry with weight above 0");
  }
  if (has(conf, "destination")) validate_selector(at(conf, "destination"), service_tags, path.at("destination"), out);
}

void validate_matcher(const json& matcher, const Path& path, Violations& out) {
  for (const char* field : {"prefix", "regex"}) {
    if (has(matcher, field) && text_at(matcher, field).empty()) out.add(path.at(field), "cannot be empty");
  }
  if (matcher.empty()) out.add(path, "cannot be empty. Available options: \"exact\", \"split\" or \"regex\"");
}

void validate_match(const json& match, const Path& path, Violations& out) {
  if (!has(match, "path") && !has(match, "method") && !has(match, "headers")) {
    return out.add(path,
                   "must be present and contain at least one of the elements: \"method\", \"path\" or \"headers\"");
  }
  for (const char* field : {"method", "path"}) {
    if (has(match, field)) validate_matcher(at(match, field), path.at(field), out);
  }
  if (has(match, "headers") && at(match, "headers").empty())
    out.add(path.at("headers"), "must contain at least one element");
  for (const auto& [name, matcher] : at(match, "headers").items()) {
    Path here = path.at("headers").key(name);
    if (name.empty()) out.add(here, "cannot be empty");
    validate_matcher(matcher, here, out);
  }
}

void validate_replacement(const json& regex, const Path& path, Violations& out) {
  for (const char* field : {"pattern", "substitution"}) {
    if (text_at(regex, field).empty()) out.add(path.at(field), "cannot be empty");
  }
}

void validate_modify(const json& modify, const json& match, const Path& path, Violations& out) {
  if (has(modify, "path")) {
    const json& change = at(modify, "path");
    Path here = path.at("path");
    std::string prefix = text_at(change, "rewritePrefix");
    if (has(change, "regex")) {
      validate_replacement(at(change, "regex"), here.at("regex"), out);
    } else if (!has(change, "rewritePrefix")) {
      out.add(here, "either \"rewritePrefix\" or \"regex\" has to be set");
    } else if (prefix.empty()) {
      out.add(here.at("rewritePrefix"), "cannot be empty");
    } else if (text_at(at(match, "path"), "prefix").empty()) {
      out.add(here.at("rewritePrefix"), "can only be set when .http.match.path.prefix is not empty");
    }
  }
  if (has(modify, "host")) {
    const json& change = at(modify, "host");
    Path here = path.at("host");
    if (has(change, "fromPath")) {
      validate_replacement(at(change, "fromPath"), here.at("fromPath"), out);
    } else if (!has(change, "value")) {
      out.add(here, "either \"value\" or \"fromPath\" has to be set");
    } else if (text_at(change, "value").empty()) {
      out.add(here.at("value"), "cannot be empty");
    }
  }
  for (const char* side : {"requestHeaders", "responseHeaders"}) {
    const json& added = at(at(modify, side), "add");
    for (std::size_t i = 0; i < added.size(); ++i) {
      Path item = path.at(side).at("add").at(i);
      validate_header_change(text_at(added[i], "name"), item.at("name"), out);
      if (text_at(added[i], "value").empty()) out.add(item.at("value"), "cannot be empty");
    }
    const json& removed = at(at(modify, side), "remove");
    for (std::size_t i = 0; i < removed.size(); ++i) {
      validate_header_change(text_at(removed[i], "name"), path.at(side).at("remove").at(i).at("name"), out);
    }
  }
}

void validate(const Resource& resource, Violations& out) {
  validate_sides(resource.spec, service_tags, only_service_tag, out);
  const json& conf = at(resource.spec, "conf");
  const Path path("conf");
  if (conf.is_null()) return out.add(path, "cannot be empty");
  validate_targets(conf, path, out);
  const json& rules = at(conf, "http");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    Path item = path.at("http").at(i);
    validate_match(at(rules[i], "match"), item.at("match"), out);
    validate_modify(at(rules[i], "modify"), at(rules[i], "match"), item.at("modify"), out);
    validate_targets(rules[i], item, out);
  }
  const json& balancer = at(conf, "loadBalancer");
  if (at(at(balancer, "leastRequest"), "choiceCount") == 1) {
    out.add(path.at("loadBalancer.leastRequest.choiceCount"), "value must be greater than or equal to 2");
  }
  std::string hash = text_at(at(balancer, "ringHash"), "hashFunction");
  if (has(balancer, "ringHash") && hash != "XX_HASH" && hash != "MURMUR_HASH_2") {
    out.add(path.at("loadBalancer.ringHash.hashFunction"), "must have a valid hash function");
  }
}

}  // namespace

const Kind& kind::traffic_route() {
  static const Kind out = [] {
    KindTable table = flat_table("TrafficRoute", "traffic-route", "traffic-routes", "");
    table.text = "Shares by which traffic to a service goes to its versions (old: use MeshHTTPRoute).";
    table.policy = true;
    table.kds = {.global_to_zones = true};
    SchemaPtr conf = message(package + "Conf", {{"split", split(), "shares"},
                                                {"loadBalancer", load_balancer(), "how a proxy is chosen"},
                                                {"destination", map(string()), "tags of the proxies that get all"},
                                                {"http", http(), "rules for HTTP requests"}});
    table.schema = message("kuma.mesh.v1alpha1.TrafficRoute", {{"sources", selectors_schema(), "clients"},
                                                               {"destinations", selectors_schema(), "servers"},
                                                               {"conf", conf, "where the traffic goes"}});
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
