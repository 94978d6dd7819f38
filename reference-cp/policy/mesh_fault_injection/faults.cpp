/// How faults become filters.
#include "reference-cp/policy/mesh_fault_injection/faults.hpp"

#include <cmath>
#include <map>
#include <string>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/http/fault/v3/fault.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/mesh_fault_injection/spec.hpp"
#include "reference-cp/policy/rules.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/envoy/names.hpp"

namespace kumasim::cp::policy::mesh_fault_injection {
namespace {

using ::envoy::extensions::filters::http::fault::v3::HTTPFault;
using ::envoy::type::v3::FractionalPercent;
using TagMap = std::map<std::string, std::string>;

/// With the smallest denominator that holds it.
void set_percentage(FractionalPercent& out, double percentage) {
  auto whole = [](double number) { return std::floor(number) == number; };
  if (whole(percentage)) {
    out.set_numerator(static_cast<std::uint32_t>(percentage));
    out.set_denominator(FractionalPercent::HUNDRED);
  } else if (whole(100 * percentage)) {
    out.set_numerator(static_cast<std::uint32_t>(100 * percentage));
    out.set_denominator(FractionalPercent::TEN_THOUSAND);
  } else {
    out.set_numerator(static_cast<std::uint32_t>(std::round(10'000 * percentage)));
    out.set_denominator(FractionalPercent::MILLION);
  }
}

void match_clients(HTTPFault& fault, const Subset& clients) {
  TagMap tags, negated;
  for (const Tag& tag : clients) (tag.negated ? negated : tags)[tag.key] = tag.value;
  for (const TagMap* each : {&tags, &negated}) {
    if (each->empty()) continue;
    auto& matcher = *fault.add_headers();
    matcher.set_name(std::string(envoy::tags_header));
    matcher.mutable_string_match()->mutable_safe_regex()->set_regex(tags_expression(*each));
    matcher.set_invert_match(each == &negated);
  }
}

HTTPFault filter(const Fault& fault, const Subset& clients) {
  HTTPFault out = fault_filter(fault);
  match_clients(out, clients);
  return out;
}

}  // namespace

HTTPFault fault_filter(const Fault& fault) {
  HTTPFault out;
  if (fault.delay) {
    envoy::set_duration(*out.mutable_delay()->mutable_fixed_delay(), fault.delay->value);
    set_percentage(*out.mutable_delay()->mutable_percentage(), fault.delay->percentage);
  }
  if (fault.abort) {
    out.mutable_abort()->set_http_status(fault.abort->status);
    set_percentage(*out.mutable_abort()->mutable_percentage(), fault.abort->percentage);
  }
  if (fault.bandwidth) {
    auto& limit = *out.mutable_response_rate_limit();
    limit.mutable_fixed_limit()->set_limit_kbps(fault.bandwidth->kbps);
    set_percentage(*limit.mutable_percentage(), fault.bandwidth->percentage);
  }
  return out;
}

std::string tags_expression(const TagMap& tags) {
  std::string text = ".*";
  for (const auto& [key, value] : tags) {
    text += "&" + key + "=";
    if (value != "*") {
      text += "[^&]*";
      for (char c : value) text += c == '.' ? "\\." : std::string(1, c);
      text += "[,&]";
    }
    text += ".*";
  }
  return text;
}

void inject(::envoy::config::listener::v3::Listener& listener, std::span<const Rule> rules) {
  std::vector<HTTPFault> filters;
  for (const Rule& rule : rules)
    for (const Fault& fault : faults_from_json(rule.conf)) filters.push_back(filter(fault, rule.subset));
  if (filters.empty()) return;
  for (auto& chain : *listener.mutable_filter_chains())
    change_hcm(chain, [&](Hcm& hcm) {
      for (const HTTPFault& each : filters) insert_before_router(hcm, "envoy.filters.http.fault", each);
    });
}

}  // namespace kumasim::cp::policy::mesh_fault_injection
