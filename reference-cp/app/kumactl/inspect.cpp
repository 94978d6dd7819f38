/// kumactl inspect dataplanes: who is connected, since when, with which certificate and versions.
#include <ostream>

#include <CLI/CLI.hpp>

#include "kumasim/transport/url.hpp"
#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/inspect_values.hpp"
#include "reference-cp/app/kumactl/printing.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/app/kumactl/table.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/model/timestamp.hpp"

namespace kumasim::cp {

namespace {

using nlohmann::json;

struct Options {
  std::shared_ptr<std::string> output = std::make_shared<std::string>("table");
  std::vector<std::string> tags;
  bool gateway = false, ingress = false;
};

/// Kuma's DataplaneOverview.Status: offline, online, or degraded where some inbounds are not ready.
std::string status(const json& dataplane, const json& subscriptions, std::string& notes) {
  auto online = has_open_stream(subscriptions);
  if (dataplane.contains(json::json_pointer("/networking/gateway"))) return online ? "Online" : "Offline";
  std::size_t inbounds = 0, unready = 0;
  if (json::json_pointer at("/networking/inbound"); dataplane.contains(at))
    for (const auto& inbound : dataplane.at(at)) {
      ++inbounds;
      auto state = inbound.value("state", "Ready");
      if (state == "Ready" && !(inbound.contains("health") && !inbound["health"].value("ready", false))) continue;
      ++unready;
      notes += (notes.empty() ? "" : ";") + std::string("inbound[port=") + pointed_text(inbound, "/port") +
               ",svc=" + pointed_text(inbound, "/tags/kuma.io~1service") + "] is not ready";
    }
  if (!online || unready == inbounds) return "Offline";
  return unready > 0 ? "Partially degraded" : "Online";
}

std::vector<std::string> row(const json& item, WallTime now) {
  auto dataplane = item.value("dataplane", json::object());
  auto insight = item.value("dataplaneInsight", json::object());
  auto subscriptions = insight.value("subscriptions", json::array());
  auto last = subscriptions.empty() ? json::object() : subscriptions.back();
  auto sent = sum_of(subscriptions, "/status/total/responsesSent");
  auto rejected = sum_of(subscriptions, "/status/total/responsesRejected");
  std::string notes;
  auto state = status(dataplane, subscriptions, notes);
  auto expires = pointed_text(insight, "/mTLS/certificateExpirationTime");
  if (expires.size() >= 19) expires = expires.substr(0, 10) + " " + expires.substr(11, 8);
  std::string backends;
  if (json::json_pointer at("/mTLS/supportedBackends"); insight.contains(at))
    for (const auto& backend : insight.at(at)) backends += (backends.empty() ? "" : ",") + backend.get<std::string>();
  std::string dependencies;
  if (json::json_pointer at("/version/dependencies"); last.contains(at))
    for (const auto& [name, version] : last.at(at).items())
      dependencies += (dependencies.empty() ? "" : ", ") + name + ": " + version.get<std::string>();
  auto mtls = insight.contains("mTLS");
  return {item.value("mesh", ""),
          item.value("name", ""),
          tags_text(dataplane),
          state,
          ago(pointed_text(last, "/connectTime"), now),
          ago(pointed_text(last, "/status/lastUpdateTime"), now),
          std::to_string(sent),
          std::to_string(rejected),
          ago(pointed_text(insight, "/mTLS/lastCertificateRegeneration"), now),
          expires.empty() ? "-" : expires,
          std::to_string(pointed_number(insight, "/mTLS/certificateRegenerations")),
          mtls ? pointed_text(insight, "/mTLS/issuedBackend") : "-",
          backends,
          pointed_text(last, "/version/kumaDp/version"),
          pointed_text(last, "/version/envoy/version"),
          dependencies.empty() ? "-" : dependencies,
          notes};
}

Result<> inspect(Session& session, const Options& options) {
  auto client = session.client();
  if (!client) return fail(client.error());
  auto target = "/meshes/" + percent_encode(session.mesh) + "/dataplanes/_overview";
  auto separator = '?';
  for (const auto& tag : options.tags) {
    auto equals = tag.find('=');
    if (equals == std::string::npos)
      return fail(Code::invalid_argument,
                  "invalid argument \"" + tag + "\" for \"--tag\" flag: must be formatted as key=value");
    target +=
        std::exchange(separator, '&') + ("tag=" + percent_encode(tag.substr(0, equals) + ":" + tag.substr(equals + 1)));
  }
  if (options.gateway) target += std::exchange(separator, '&') + std::string("gateway=true");
  if (options.ingress) target += std::exchange(separator, '&') + std::string("ingress=true");
  auto answer = (*client)->call("GET", target);
  if (!answer) return fail(answer.error());
  if (*options.output != "table") return print_formatted(session.out(), answer->json, *options.output);
  Table table({"MESH", "NAME", "TAGS", "STATUS", "LAST CONNECTED AGO", "LAST UPDATED AGO", "TOTAL UPDATES",
               "TOTAL ERRORS", "CERT REGENERATED AGO", "CERT EXPIRATION", "CERT REGENERATIONS", "CERT BACKEND",
               "SUPPORTED CERT BACKENDS", "KUMA-DP VERSION", "ENVOY VERSION", "DEPENDENCIES VERSIONS", "NOTES"});
  auto now = session.live().runtime().clock.wall_now();
  if (answer->json.contains("items") && answer->json["items"].is_array())
    for (const auto& item : answer->json["items"]) table.add(row(json(item), now));
  table.print(session.out());
  return {};
}

}  // namespace

void add_inspect(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("inspect", "Inspect Kuma resources.");
  auto options = std::make_shared<Options>();
  command->add_option("-o,--output", *options->output, "output format: one of table|yaml|json");
  auto* dataplanes = command->add_subcommand("dataplanes", "Inspect Dataplanes.");
  dataplanes->add_option("--tag", options->tags, "filter by tag in format of key=value. You can provide many tags")
      ->delimiter(',')
      ->allow_extra_args(false);
  dataplanes->add_flag("--gateway", options->gateway, "filter gateway dataplanes");
  dataplanes->add_flag("--ingress", options->ingress, "filter ingress dataplanes");
  dataplanes->add_option("-m,--mesh", session.mesh, "mesh to use");
  dataplanes->callback(
      [&session, options] { session.action = [&session, options] { return inspect(session, *options); }; });
  add_inspect_policies(*command, session, options->output);
  add_inspect_zones(*command, session, options->output);
}

}  // namespace kumasim::cp
