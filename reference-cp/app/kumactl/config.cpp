/// kumactl config: view, and control-planes add, list, remove, switch.
#include <map>
#include <ostream>

#include <CLI/CLI.hpp>

#include "kumasim/transport/url.hpp"
#include "reference-cp/app/command_line/version.hpp"
#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/app/kumactl/table.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/model/duration.hpp"

namespace kumasim::cp {

namespace {

using nlohmann::json;

struct AddOptions {
  std::string name, address, client_cert_file, client_key_file, ca_cert_file, auth_type;
  std::vector<std::string> headers, auth_conf;
  bool overwrite = false, skip_verify = false, skip_check = false;
};

Result<std::map<std::string, std::string>> to_map(const std::vector<std::string>& texts, const std::string& flag) {
  std::map<std::string, std::string> out;
  for (const auto& text : texts) {
    auto equals = text.find('=');
    if (equals == std::string::npos)
      return fail(Code::invalid_argument, "invalid argument \"" + text + "\" for \"--" + flag + "\" flag: " + text +
                                              " must be formatted as key=value");
    out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return out;
}

/// An entry of `controlPlanes`; empty fields are left out, as protobuf's JSON does.
Result<json> to_control_plane(const AddOptions& options) {
  if (auto url = parse_url(options.address); !url)
    return fail(Code::invalid_argument, "API Server URL is invalid: " + url.error().message);
  if (options.client_cert_file.empty() != options.client_key_file.empty())
    return fail(Code::invalid_argument, "Both --client-cert-file and --client-key-file needs to be specified");
  json server{{"url", options.address}};
  auto set = [&](const char* field, const std::string& value) {
    if (!value.empty()) server[field] = value;
  };
  set("caCertFile", options.ca_cert_file);
  set("clientCertFile", options.client_cert_file);
  set("clientKeyFile", options.client_key_file);
  set("authType", options.auth_type);
  if (options.skip_verify) server["skipVerify"] = true;
  auto conf = to_map(options.auth_conf, "auth-conf");
  if (!conf) return fail(conf.error());
  if (!conf->empty()) server["authConf"] = *conf;
  if (!options.auth_type.empty() && options.auth_type != "tokens")
    return fail(Code::invalid_argument, "authentication plugin of type \"" + options.auth_type + "\" is not found");
  if (options.auth_type == "tokens" && (*conf)["token"].empty())
    return fail(Code::invalid_argument, "--auth-conf is not valid: provide token=YOUR_TOKEN");
  auto headers = to_map(options.headers, "headers");
  if (!headers) return fail(headers.error());
  for (const auto& [key, value] : *headers) server["headers"].push_back({{"key", key}, {"value", value}});
  return json{{"coordinates", {{"apiServer", server}}}, {"name", options.name}};
}

Result<> check(Session& session, const json& control_plane) {
  auto timeout = parse_duration(session.api_timeout).value_or(std::chrono::minutes(1));
  auto client = RestClient::create(session.live(), control_plane, timeout);
  if (!client) return fail(client.error());
  auto index = (*client)->index();
  if (!index)
    return fail(index.error().code, "could not connect to the Control Plane API Server: " + index.error().message);
  auto product = index->value("product", "");
  if (product != kuma_product)
    return fail(Code::invalid_argument, "this CLI is for Kuma but the control plane you're connected to is " + product +
                                            ". Please use the CLI for your control plane");
  return {};
}

Result<> add(Session& session, const AddOptions& options) {
  std::string missing;
  if (options.address.empty()) missing += "\"address\"";
  if (options.name.empty()) missing += std::string(missing.empty() ? "" : ", ") + "\"name\"";
  if (!missing.empty()) return fail(Code::invalid_argument, "required flag(s) " + missing + " not set");
  auto control_plane = to_control_plane(options);
  if (!control_plane) return fail(control_plane.error());
  if (!options.skip_check)
    if (auto done = check(session, *control_plane); !done) return done;
  if (auto done = session.config.add(std::move(*control_plane), options.overwrite); !done) return done;
  if (auto done = session.save_config(); !done) return done;
  session.out() << "added Control Plane \"" << options.name << "\"\n"
                << "switched active Control Plane to \"" << options.name << "\"\n";
  return {};
}

Result<> list(Session& session) {
  Table table({"ACTIVE", "NAME", "ADDRESS"});
  auto active = session.config.context_control_plane(session.config.current());
  for (const auto& control_plane : session.config.control_planes()) {
    auto name = control_plane.value("name", "");
    json::json_pointer url("/coordinates/apiServer/url");
    auto address = control_plane.contains(url) ? control_plane.at(url).get<std::string>() : std::string();
    table.add({active && *active == name ? "*" : "", name, address});
  }
  table.print(session.out());
  return {};
}

Result<> remove(Session& session, const std::string& name) {
  if (name.empty()) return fail(Code::invalid_argument, "required flag(s) \"name\" not set");
  if (auto done = session.config.remove(name); !done) return done;
  if (auto done = session.save_config(); !done) return done;
  session.out() << "removed Control Plane \"" << name << "\"\n";
  if (auto left = session.config.context_control_plane(session.config.current()))
    session.out() << "switched active Control Plane to \"" << *left << "\"\n";
  else
    session.out() << "there is no active Control Plane left. Use `kumactl config control-planes add` to add a Control "
                     "Plane and make it active\n";
  return {};
}

Result<> switch_to(Session& session, const std::string& name) {
  if (name.empty()) return fail(Code::invalid_argument, "required flag(s) \"name\" not set");
  if (auto done = session.config.switch_to(name); !done) return done;
  if (auto done = session.save_config(); !done) return done;
  session.out() << "switched active Control Plane to \"" << name << "\"\n";
  return {};
}

}  // namespace

void add_config(CLI::App& root, Session& session) {
  auto* config = root.add_subcommand("config", "Modify kumactl config files.");
  config->add_subcommand("view", "Show kumactl config.")->callback([&session] {
    session.action = [&session]() -> Result<> {
      session.out() << session.config.text() << "\n";
      return {};
    };
  });
  auto* planes = config->add_subcommand("control-planes", "Manage known Control Planes.");
  auto* adding = planes->add_subcommand("add", "Add a Control Plane.");
  auto options = std::make_shared<AddOptions>();
  adding->add_option("--name", options->name, "reference name for the Control Plane (required)");
  adding->add_option(
      "--address", options->address,
      "URL of the Control Plane API Server (required). Example: http://localhost:5681 or https://localhost:5682)");
  adding->add_flag("--overwrite", options->overwrite, "overwrite existing Control Plane with the same reference name");
  adding->add_option("--client-cert-file", options->client_cert_file,
                     "path to the certificate of a client that is authorized to use the Admin operations of the "
                     "Control Plane (kumactl stores only a reference to this file)");
  adding->add_option("--client-key-file", options->client_key_file,
                     "path to the certificate key of that client (kumactl stores only a reference to this file)");
  adding->add_option("--ca-cert-file", options->ca_cert_file,
                     "path to the certificate authority which will be used to verify the Control Plane certificate "
                     "(kumactl stores only a reference to this file)");
  adding->add_flag("--skip-verify", options->skip_verify, "skip CA verification");
  adding
      ->add_option("--headers", options->headers,
                   "add these headers while communicating to control plane, format key=value")
      ->delimiter(',')
      ->allow_extra_args(false);
  adding->add_option("--auth-type", options->auth_type, "authentication type (for example: \"tokens\")");
  adding
      ->add_option("--auth-conf", options->auth_conf,
                   "authentication configuration for defined authentication type format key=value")
      ->delimiter(',')
      ->allow_extra_args(false);
  adding->add_flag("--skip-check", options->skip_check, "skip checking if we can connect to the CP");
  adding->callback([&session, options] { session.action = [&session, options] { return add(session, *options); }; });
  planes->add_subcommand("list", "List Control Planes.")->callback([&session] {
    session.action = [&session] { return list(session); };
  });
  auto name = std::make_shared<std::string>();
  auto* removing = planes->add_subcommand("remove", "Remove a Control Plane.");
  removing->add_option("--name", *name, "reference name for the Control Plane (required)");
  removing->callback([&session, name] { session.action = [&session, name] { return remove(session, *name); }; });
  auto* switching = planes->add_subcommand("switch", "Switch active Control Plane.");
  switching->add_option("--name", *name, "reference name for the Control Plane (required)");
  switching->callback([&session, name] { session.action = [&session, name] { return switch_to(session, *name); }; });
}

}  // namespace kumasim::cp
