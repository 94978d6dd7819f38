/// kumactl inspect zones, zoneingresses, zoneegresses, zoneingress, zoneegress.
#include <ostream>

#include <CLI/CLI.hpp>

#include "kumasim/transport/url.hpp"
#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/inspect_values.hpp"
#include "reference-cp/app/kumactl/printing.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/live/live_runtime.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// What is inspected in the same way: a zone, or a zone's proxies.
struct Place {
  const char* list;   ///< of the REST API
  const char* field;  ///< of an overview
  bool proxies;
};

constexpr Place zones{"zones", "zone", false};
constexpr Place ingresses{"zoneingresses", "zoneIngress", true};
constexpr Place egresses{"zoneegresses", "zoneEgress", true};

/// The store of a zone's control plane, out of the configuration that it sent.
std::string backend_of(const json& subscription) {
  json config = json::parse(pointed_text(subscription, "/config"), nullptr, false);
  return config.is_object() ? pointed_text(config, "/store/type") : std::string();
}

std::vector<std::string> row(const json& item, const Place& place, WallTime now) {
  const json insight = item.value(std::string(place.field) + "Insight", json::object());
  const json subscriptions = insight.value("subscriptions", json::array());
  const json last = subscriptions.empty() ? json::object() : subscriptions.back();
  const bool enabled = item.value(place.field, json::object()).value("enabled", true);
  std::vector<std::string> out{item.value("name", ""),
                               has_open_stream(subscriptions) && enabled ? "Online" : "Offline",
                               ago(pointed_text(last, "/connectTime"), now),
                               ago(pointed_text(last, "/status/lastUpdateTime"), now),
                               std::to_string(sum_of(subscriptions, "/status/total/responsesSent")),
                               std::to_string(sum_of(subscriptions, "/status/total/responsesRejected"))};
  if (place.proxies) {
    out.push_back(pointed_text(last, "/version/kumaDp/version"));
    out.push_back(pointed_text(last, "/version/envoy/version"));
  } else {
    out.push_back(pointed_text(last, "/version/kumaCp/version"));
    out.push_back(backend_of(last));
  }
  return out;
}

Result<> inspect_all(Session& session, const Place& place, const std::string& output) {
  auto client = session.client();
  if (!client) return fail(client.error());
  auto answer = (*client)->call("GET", "/" + std::string(place.list) + "/_overview");
  if (!answer) return fail(answer.error());
  if (output != "table") return print_formatted(session.out(), answer->json, output);
  std::vector<std::string> headings{"NAME",          "STATUS",      "LAST CONNECTED AGO", "LAST UPDATED AGO",
                                    "TOTAL UPDATES", "TOTAL ERRORS"};
  headings.push_back(place.proxies ? "KUMA-DP VERSION" : "ZONE-CP VERSION");
  headings.push_back(place.proxies ? "ENVOY VERSION" : "BACKEND");
  Table table(std::move(headings));
  auto now = session.live().runtime().clock.wall_now();
  for (const json& item : json(answer->json).value("items", json::array())) table.add(row(item, place, now));
  table.print(session.out());
  return {};
}

struct Options {
  std::string name, type = "config-dump";
  bool config_dump = false, include_eds = false;
};

Result<> inspect_one(Session& session, const Place& place, const Options& options) {
  const std::string type = options.config_dump ? "config-dump" : options.type;
  if (options.include_eds && type != "config-dump")
    return fail(Code::invalid_argument, "flag '--include-eds' can be used only when '--type=config-dump'");
  if (type == "policies") {
    std::string kind = place.field;
    kind[0] = 'Z';
    return fail(Code::invalid_argument, "Policies are not applied on " + kind +
                                            ", please use '--config-dump' flag to get envoy config dump of the " +
                                            kind);
  }
  if (type != "config-dump" && type != "stats" && type != "clusters")
    return fail(Code::invalid_argument, "invalid inspection type");
  std::string target = "/" + std::string(place.list) + "/" + percent_encode(options.name) + "/";
  target += type == "config-dump" ? "xds" : type;
  if (options.include_eds) target += "?include_eds=true";
  auto client = session.client();
  if (!client) return fail(client.error());
  auto answer = (*client)->call("GET", target);
  if (!answer) return fail(answer.error());
  session.out() << answer->body;
  return {};
}

void add_list(CLI::App& inspect, Session& session, const std::shared_ptr<std::string>& output, const Place& place,
              const std::string& text) {
  auto* command = inspect.add_subcommand(place.list, "Inspect " + text + ".");
  if (place.list == ingresses.list) command->alias("zone-ingresses");
  command->callback([&session, output, &place] {
    session.action = [&session, output, &place] { return inspect_all(session, place, *output); };
  });
}

void add_one(CLI::App& inspect, Session& session, const Place& place, const char* name, const std::string& text) {
  auto options = std::make_shared<Options>();
  auto* command = inspect.add_subcommand(name, "Inspect " + text + ".");
  command->add_option("NAME", options->name)->required();
  command->add_option("--type", options->type, "inspection type: one of config-dump|stats|clusters");
  command->add_flag("--config-dump", options->config_dump, "the same as --type=config-dump");
  command->add_flag("--include-eds", options->include_eds, "include EDS when dumping envoy config");
  command->callback([&session, options, &place] {
    session.action = [&session, options, &place] { return inspect_one(session, place, *options); };
  });
}

}  // namespace

void add_inspect_zones(CLI::App& inspect, Session& session, const std::shared_ptr<std::string>& output) {
  add_list(inspect, session, output, zones, "Zones");
  add_list(inspect, session, output, ingresses, "Zone Ingresses");
  add_list(inspect, session, output, egresses, "Zone Egresses");
  add_one(inspect, session, ingresses, "zoneingress", "ZoneIngress");
  add_one(inspect, session, egresses, "zoneegress", "ZoneEgress");
}

}  // namespace kumasim::cp
