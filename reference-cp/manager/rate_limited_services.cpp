/// RateLimits (old) and ExternalServices judge one another.
#include "reference-cp/manager/rate_limited_services.hpp"

#include <set>
#include <string>

#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr const char* service_tag = "kuma.io/service";

/// A destination that is one of the services, or any, and asks for a further tag.
bool asks_for_more(const json& match, const std::set<std::string>& services) {
  const std::string service = text_at(match, service_tag);
  const bool met = has(match, service_tag) && (service == "*" || services.contains(service));
  return met && match.size() > 1;
}

}  // namespace

Violations judge_rate_limit(const Resource& rate_limit, const std::vector<ResourcePtr>& external_services) {
  Violations out;
  std::set<std::string> services;
  for (const ResourcePtr& one : external_services)
    if (const json& tags = at(one->spec, "tags"); has(tags, service_tag)) services.insert(text_at(tags, service_tag));
  if (services.empty()) return out;
  for (const json& destination : at(rate_limit.spec, "destinations"))
    if (asks_for_more(at(destination, "match"), services))
      out.add(Path("ratelimit"),
              "RateLimit applied to external service only supports kuma.io/service as destination match");
  return out;
}

Violations judge_external_service(const Resource& service, const std::vector<ResourcePtr>& rate_limits) {
  Violations out;
  const std::set<std::string> services = {text_at(at(service.spec, "tags"), service_tag)};
  for (const ResourcePtr& limit : rate_limits)
    for (const json& destination : at(limit->spec, "destinations"))
      if (asks_for_more(at(destination, "match"), services))
        out.add(Path("externalservice"), "ExternalService would match RateLimit '" + limit->meta.name +
                                             "' which includes incompatible destination matches");
  return out;
}

}  // namespace kumasim::cp
