/// kumactl inspect dataplane, meshgateway, meshes, services, and one command for each kind of policy.
#include <ostream>

#include <CLI/CLI.hpp>

#include "kumasim/transport/url.hpp"
#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/inspect_text.hpp"
#include "reference-cp/app/kumactl/printing.hpp"
#include "reference-cp/app/kumactl/resource_path.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/app/kumactl/table.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

struct Options {
  std::string name;
  std::string type = "policies";
  std::vector<std::string> include;
  bool config_dump = false, include_eds = false, shadow = false, new_api = false;
  std::shared_ptr<std::string> output;
};

Result<RestClient::Answer> get(Session& session, const std::string& target) {
  auto client = session.client();
  if (!client) return fail(client.error());
  return (*client)->call("GET", target);
}

std::string in_mesh(const Session& session, const std::string& collection, const std::string& name) {
  return "/meshes/" + percent_encode(session.mesh) + "/" + collection + "/" + percent_encode(name);
}

Result<> inspect_dataplane(Session& session, const Options& options) {
  const std::string type = options.config_dump ? "config-dump" : options.type;
  auto only_with = [](const char* flag, const char* wanted) {
    return fail(Code::invalid_argument,
                std::string("flag '--") + flag + "' can be used only when '--type=" + wanted + "'");
  };
  if (options.shadow && type != "config") return only_with("shadow", "config");
  if (!options.include.empty() && type != "config") return only_with("include", "config");
  if (options.include_eds && type != "config-dump") return only_with("include-eds", "config-dump");
  std::string target = in_mesh(session, "dataplanes", options.name);
  if (type == "policies") {
    auto answer = get(session, target + "/policies");
    if (!answer) return fail(answer.error());
    session.out() << attached_policies_text(json(answer->json));
    return {};
  }
  if (type == "config-dump") {
    target += options.include_eds ? "/xds?include_eds=true" : "/xds";
  } else if (type == "stats" || type == "clusters") {
    target += "/" + type;
  } else if (type == "config") {
    std::string include;
    for (const std::string& each : options.include) include += (include.empty() ? "" : ",") + each;
    target += std::string("/_config?shadow=") + (options.shadow ? "true" : "false");
    if (!include.empty()) target += "&include=" + percent_encode(include);
  } else {
    return fail(Code::invalid_argument, "invalid inspection type");
  }
  auto answer = get(session, target);
  if (!answer) return fail(answer.error());
  session.out() << answer->body;
  return {};
}

Result<> inspect_gateway(Session& session, const Options& options) {
  auto answer = get(session, in_mesh(session, "meshgateways", options.name) + "/dataplanes");
  if (!answer) return fail(answer.error());
  session.out() << gateway_dataplanes_text(json(answer->json));
  return {};
}

Result<> inspect_policy(Session& session, const Kind& kind, const Options& options) {
  const std::string path = in_mesh(session, kind.path(), options.name);
  if (!options.new_api) {
    auto answer = get(session, path + "/dataplanes");
    if (!answer) return fail(answer.error());
    session.out() << attached_dataplanes_text(json(answer->json));
    return {};
  }
  auto answer = get(session, path + "/_resources/dataplanes");
  if (!answer) return fail(answer.error());
  if (*options.output != "table") return print_formatted(session.out(), answer->json, *options.output);
  Table table({"Type", "Mesh", "Name"});
  for (const auto& item : answer->json.value("items", nlohmann::ordered_json::array()))
    table.add({item.value("type", ""), item.value("mesh", ""), item.value("name", "")});
  table.print(session.out());
  session.out() << "\nTotal: " << answer->json.value("total", 0) << "\n";
  return {};
}

std::string online_of_total(const json& item) {
  const json counts = item.value("dataplanes", json::object());
  return std::to_string(counts.value("online", 0)) + "/" + std::to_string(counts.value("total", 0));
}

Result<> inspect_services(Session& session, const Options& options) {
  auto answer = get(session, "/meshes/" + percent_encode(session.mesh) + "/service-insights");
  if (!answer) return fail(answer.error());
  // Kuma's name for one service of a ServiceInsight.
  if (answer->json.contains("items"))
    for (auto& item : answer->json["items"]) item["type"] = "ServiceOverview";
  if (*options.output != "table") return print_formatted(session.out(), answer->json, *options.output);
  Table table({"SERVICE", "STATUS", "DATAPLANES"});
  for (const json& item : json(answer->json).value("items", json::array())) {
    std::string status = item.value("status", "");
    std::string shown = status == "online"               ? "Online"
                        : status == "partially_degraded" ? "Partially degraded"
                                                         : "Offline";
    table.add({item.value("name", ""), shown, online_of_total(item)});
  }
  table.print(session.out());
  return {};
}

Result<> inspect_meshes(Session& session, const Options& options) {
  auto answer = get(session, "/mesh-insights");
  if (!answer) return fail(answer.error());
  if (*options.output != "table") return print_formatted(session.out(), answer->json, *options.output);
  Table table({"MESH", "DATAPLANES", "TRAFFIC PERMISSIONS", "TRAFFIC ROUTES", "CIRCUIT BREAKERS", "HEALTH CHECKS",
               "FAULT INJECTIONS", "EXTERNAL SERVICES", "TRAFFIC TRACES", "TRAFFIC LOGS", "PROXY TEMPLATES",
               "RATE LIMITS"});
  for (const json& item : json(answer->json).value("items", json::array())) {
    std::vector<std::string> row{item.value("name", ""), online_of_total(item)};
    const json policies = item.value("policies", json::object());
    for (const char* type : {"TrafficPermission", "TrafficRoute", "CircuitBreaker", "HealthCheck", "FaultInjection",
                             "ExternalService", "TrafficTrace", "TrafficLog", "ProxyTemplate", "RateLimit"})
      row.push_back(std::to_string(policies.value(type, json::object()).value("total", 0)));
    table.add(std::move(row));
  }
  table.print(session.out());
  return {};
}

/// VirtualOutbounds and routes of gateways are attached to no proxy by themselves.
bool is_attached(const Kind& kind) {
  return kind.is_policy() && kind.type() != "VirtualOutbound" && kind.type() != "MeshGatewayRoute" &&
         kind.type() != "MeshGateway";
}

}  // namespace

void add_inspect_policies(CLI::App& inspect, Session& session, std::shared_ptr<std::string> output) {
  auto options = std::make_shared<Options>();
  options->output = std::move(output);
  auto run = [&](CLI::App* command, auto action) {
    command->callback([&session, options, action] {
      session.action = [&session, options, action] { return action(session, *options); };
    });
  };
  auto* dataplane = inspect.add_subcommand("dataplane", "Inspect Dataplane.");
  dataplane->add_option("NAME", options->name)->required();
  dataplane->add_option("--type", options->type, "inspection type: one of policies|config-dump|stats|clusters|config");
  dataplane->add_flag("--config-dump", options->config_dump, "the same as --type=config-dump");
  dataplane->add_flag("--include-eds", options->include_eds, "include EDS when dumping envoy config for dataplane");
  dataplane->add_flag("--shadow", options->shadow,
                      "take into account policies with the label 'kuma.io/effect: shadow'; with --type=config");
  dataplane
      ->add_option("--include", options->include,
                   "extra fields of the answer; 'diff' compares with the present configuration, with --type=config")
      ->delimiter(',')
      ->allow_extra_args(false);
  dataplane->add_option("-m,--mesh", session.mesh, "mesh to use");
  run(dataplane, [](Session& s, const Options& o) { return inspect_dataplane(s, o); });

  auto* gateway = inspect.add_subcommand("meshgateway", "List Dataplanes matched by this MeshGateway.");
  gateway->add_option("NAME", options->name)->required();
  gateway->add_option("-m,--mesh", session.mesh, "mesh to use");
  run(gateway, [](Session& s, const Options& o) { return inspect_gateway(s, o); });

  run(inspect.add_subcommand("meshes", "Inspect Meshes."),
      [](Session& s, const Options& o) { return inspect_meshes(s, o); });

  auto* services = inspect.add_subcommand("services", "Inspect Services.");
  services->add_option("-m,--mesh", session.mesh, "mesh");
  run(services, [](Session& s, const Options& o) { return inspect_services(s, o); });

  for (const Kind* kind : shown_kinds()) {
    if (!is_attached(*kind)) continue;
    auto* policy = inspect.add_subcommand(kind->singular(), "Inspect " + kind->type() + ".");
    policy->add_option("NAME", options->name)->required();
    policy->add_flag("--new-api", options->new_api, "use the newer version of the inspect api");
    policy->add_option("-m,--mesh", session.mesh, "mesh to use");
    run(policy, [kind](Session& s, const Options& o) { return inspect_policy(s, *kind, o); });
  }
}

}  // namespace kumasim::cp
