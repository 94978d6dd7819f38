#include "tests/real_envoy/generated_routes.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "tests/real_envoy/generated_matches.hpp"

namespace kumasim::test {
namespace {

using nlohmann::json;

class Routes {
 public:
  Routes(Draw& draw, const RouteSurroundings& around) : draw_(draw), around_(around) {}

  json configuration(const std::string& name) {
    json out{{"name", name}, {"virtual_hosts", json::array()}, {"validate_clusters", false}};
    std::vector<std::string> domains{"*",      "a.example",  "b.example",      "*.example", "*.b.example",
                                     "shop.*", "shop.one.*", "a.example:8080", "*-test",    "nobody.test"};
    draw_.shuffle(domains);
    const auto hosts = draw_.between(1, 3);
    for (std::uint64_t i = 0; i < hosts; ++i) {
      json host = virtual_host(fmt::format("host-{}", i));
      const auto count = draw_.between(1, 2);
      for (std::uint64_t d = 0; d < count; ++d) {
        host["domains"].push_back(domains.back());
        domains.pop_back();
      }
      out["virtual_hosts"].push_back(std::move(host));
    }
    if (std::ranges::find(domains, "*") != domains.end() && draw_.percent(90))
      out["virtual_hosts"][0]["domains"].push_back("*");
    if (draw_.percent(15)) out["ignore_port_in_host_matching"] = true;
    edits(out, 20);
    overrides(out);
    return out;
  }

 private:
  json virtual_host(const std::string& name) {
    json out{{"name", name}, {"routes", json::array()}, {"domains", json::array()}};
    const auto count = draw_.between(2, 7);
    for (std::uint64_t i = 0; i < count; ++i) out["routes"].push_back(route(fmt::format("{}-route-{}", name, i)));
    if (draw_.percent(60)) {
      json last = route(name + "-last");
      last["match"] = {{"prefix", "/"}};
      out["routes"].push_back(std::move(last));
    }
    if (draw_.percent(20)) out["retry_policy"] = retry_policy();
    if (draw_.percent(6)) out["require_tls"] = draw_.one_of({"ALL", "EXTERNAL_ONLY"});
    edits(out, 20);
    overrides(out);
    return out;
  }

  json route(const std::string& name) {
    json out{{"name", name}, {"match", drawn_route_match(draw_)}};
    const auto action = draw_.between(0, 9);
    if (action == 0)
      out["redirect"] = redirect();
    else if (action == 1)
      out["direct_response"] = direct_response();
    else
      out["route"] = forward();
    edits(out, 25);
    overrides(out);
    return out;
  }

  json redirect() {
    json out = json::object();
    if (draw_.percent(40)) out["host_redirect"] = draw_.one_of({"new.example", "other.test"});
    if (draw_.percent(30)) out["port_redirect"] = draw_.one_of(std::vector<int>{80, 443, 8443});
    if (draw_.percent(20))
      out["https_redirect"] = true;
    else if (draw_.percent(20))
      out["scheme_redirect"] = draw_.one_of({"https", "http"});
    if (draw_.percent(30))
      out["path_redirect"] = draw_.one_of({"/moved", "/moved?x=1", "/a/b"});
    else if (draw_.percent(35))
      out["prefix_rewrite"] = draw_.one_of({"/new", "/new/", "/"});
    if (draw_.percent(30)) out["strip_query"] = true;
    if (draw_.percent(60))
      out["response_code"] = draw_.one_of({"FOUND", "SEE_OTHER", "TEMPORARY_REDIRECT", "PERMANENT_REDIRECT"});
    return out;
  }

  json direct_response() {
    json out{{"status", draw_.one_of(std::vector<int>{200, 204, 404, 418, 503})}};
    if (draw_.percent(70) && out["status"] != 204)
      out["body"] = {{"inline_string", draw_.one_of({"gone", "a\nb", "x"})}};
    return out;
  }

  const std::string& cluster() { return draw_.one_of(around_.clusters); }

  json labels() { return {{"filter_metadata", {{"envoy.lb", {{"version", draw_.one_of({"v1", "v2", "v3"})}}}}}}; }

  void choose_cluster(json& action) {
    if (draw_.percent(20)) {
      json& choices = action["weighted_clusters"]["clusters"];
      for (const std::string& name : draw_.some(around_.clusters, draw_.between(2, 3))) {
        json choice{{"name", name}, {"weight", draw_.between(draw_.percent(40) ? 0 : 1, 3)}};
        if (choices.empty()) choice["weight"] = draw_.between(1, 3);
        if (draw_.percent(20)) choice["metadata_match"] = labels();
        edits(choice, 25);
        overrides(choice);
        choices.push_back(std::move(choice));
      }
    } else if (draw_.percent(6)) {
      action["cluster_header"] = "x-cluster";
    } else {
      action["cluster"] = draw_.percent(4) ? "missing" : cluster();
      if (draw_.percent(50))
        action["cluster_not_found_response_code"] = draw_.one_of({"NOT_FOUND", "INTERNAL_SERVER_ERROR"});
    }
    if (draw_.percent(20)) action["metadata_match"] = labels();
  }

  json forward() {
    json out;
    choose_cluster(out);
    // Four tries of 0.2 s and their back-offs end well before it, on a busy machine too.
    out["timeout"] = around_.slow ? "1.5s" : draw_.one_of({"10s", "15s", "0s"});
    if (draw_.percent(35)) out["retry_policy"] = retry_policy();
    if (draw_.percent(20))
      out["prefix_rewrite"] = draw_.one_of({"/", "/new", "/new/"});
    else if (draw_.percent(12))
      out["regex_rewrite"] =
          draw_.one_of(std::vector<json>{{{"pattern", {{"regex", "^/a"}}}, {"substitution", "/z"}},
                                         {{"pattern", {{"regex", "/([a-z]+)/([^/?]+)"}}}, {"substitution", "/\\2/\\1"}},
                                         {{"pattern", {{"regex", "[0-9]"}}}, {"substitution", "#"}}});
    if (draw_.percent(15)) out["host_rewrite_literal"] = draw_.one_of({"inner.example", "inner.example:81"});
    if (draw_.percent(30)) out["hash_policy"] = hash_policy();
    if (draw_.percent(12)) {
      json& mirror = out["request_mirror_policies"];
      mirror.push_back({{"cluster", cluster()}});
      if (draw_.percent(40))
        mirror[0]["runtime_fraction"] = {{"default_value", {{"numerator", draw_.percent(50) ? 0 : 100}}}};
      if (draw_.percent(30)) mirror[0]["disable_shadow_host_suffix_append"] = true;
    }
    return out;
  }

  json hash_policy() {
    json out = json::array();
    const auto count = draw_.between(1, 2);
    for (std::uint64_t i = 0; i < count; ++i) {
      json policy;
      switch (draw_.between(0, 3)) {
        case 0: policy["query_parameter"] = {{"name", "q"}}; break;
        case 1: policy["connection_properties"] = {{"source_ip", true}}; break;
        default: policy["header"] = {{"header_name", draw_.one_of({"x-a", "x-b"})}};
      }
      if (policy.contains("header") && draw_.percent(30))
        policy["header"]["regex_rewrite"] = {{"pattern", {{"regex", "o"}}}, {"substitution", "0"}};
      if (draw_.percent(40)) policy["terminal"] = true;
      out.push_back(std::move(policy));
    }
    return out;
  }

  json retry_policy() {
    json out{{"retry_on", draw_.one_of({"5xx", "gateway-error", "connect-failure", "reset", "retriable-4xx",
                                        "retriable-status-codes", "retriable-headers", "connect-failure,refused-stream",
                                        "gateway-error,connect-failure,retriable-status-codes", "reset-before-request",
                                        "5xx,reset", "cancelled,unavailable", "deadline-exceeded,internal",
                                        "resource-exhausted,unavailable,gateway-error", "canceled"})}};
    if (draw_.percent(80)) out["num_retries"] = draw_.between(0, 3);
    if (draw_.percent(around_.slow ? 60 : 10)) out["per_try_timeout"] = around_.slow ? "0.2s" : "5s";
    if (draw_.percent(60)) out["retriable_status_codes"] = draw_.some(std::vector<int>{404, 409, 429, 500, 503}, 2);
    if (draw_.percent(30))
      out["retriable_headers"].push_back(
          {{"name", ":status"}, {"string_match", {{"exact", draw_.one_of({"404", "500", "200"})}}}});
    if (draw_.percent(10)) out["retriable_request_headers"].push_back(drawn_header_matcher(draw_));
    out["retry_back_off"] = {{"base_interval", "0.002s"}, {"max_interval", "0.01s"}};
    if (draw_.percent(40)) {
      out["retry_host_predicate"].push_back(
          {{"name", "envoy.retry_host_predicates.previous_hosts"},
           {"typed_config", typed_config("extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")}});
      out["host_selection_retry_max_attempts"] = draw_.between(1, 8);
    }
    if (draw_.percent(25)) {
      json priorities = typed_config("extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig");
      priorities["update_frequency"] = draw_.between(1, 2);
      out["retry_priority"] = {{"name", "envoy.retry_priorities.previous_priorities"}, {"typed_config", priorities}};
    }
    return out;
  }

  json put(const char* other) {
    json out{{"header",
              {{"key", draw_.one_of({"x-a", "x-b", "X-Put", other})},
               {"value", draw_.one_of({"put", "put two", "100%%"})}}}};
    if (draw_.percent(70))
      out["append_action"] = draw_.one_of(
          {"APPEND_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT", "OVERWRITE_IF_EXISTS_OR_ADD", "OVERWRITE_IF_EXISTS"});
    return out;
  }

  void edits(json& of, unsigned chance) {
    if (draw_.percent(chance)) of["request_headers_to_add"].push_back(put("x-up"));
    if (draw_.percent(chance / 3)) of["request_headers_to_add"].push_back(put("x-up"));
    if (draw_.percent(chance / 2)) of["request_headers_to_remove"].push_back(draw_.one_of({"x-a", "x-b", "x-put"}));
    if (draw_.percent(chance)) of["response_headers_to_add"].push_back(put("x-from"));
    if (draw_.percent(chance / 2)) of["response_headers_to_remove"].push_back(draw_.one_of({"x-from", "x-put"}));
  }

  void overrides(json& of) {
    json made = generate_overrides(draw_, around_.filters);
    if (!made.empty()) of["typed_per_filter_config"] = std::move(made);
  }

  Draw& draw_;
  const RouteSurroundings& around_;
};

}  // namespace

json generate_routes(Draw& draw, const std::string& name, const RouteSurroundings& around) {
  return Routes(draw, around).configuration(name);
}

}  // namespace kumasim::test
