/// kuma-dp: run, wait, version, completion.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/command_line/completion.hpp"
#include "reference-cp/app/command_line/version.hpp"
#include "reference-cp/app/kuma_dp/config.hpp"
#include "reference-cp/app/kuma_dp/proxy_resource.hpp"
#include "reference-cp/app/kuma_dp/supervisor.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/model/duration.hpp"

namespace kumasim::dp {
namespace {

struct LogArguments {
  std::string level = "info";
  std::string format = "text";
  std::string path;
  std::size_t megabytes_max = 100;
  std::size_t files_max = 1000;
  std::size_t days_max = 30;
};

live::LogOptions log_options(const LogArguments& arguments) {
  live::LogOptions options;
  options.level = arguments.level == "debug" ? LogLevel::debug
                  : arguments.level == "off" ? LogLevel::off
                                             : LogLevel::info;
  options.format = arguments.format == "json" ? live::LogFormat::json : live::LogFormat::text;
  options.path = arguments.path;
  options.file_bytes_max = arguments.megabytes_max * 1'000'000;
  options.files_max = arguments.files_max;
  return options;
}

int failed(const Error& error) {
  auto field = error.field.empty() || error.message.starts_with(error.field) ? "" : error.field + ": ";
  fmt::print(stderr, "Error: {}{}\n", field, error.message);
  return 1;
}

/// A directory of our own where none was given; removed at the end.
class WorkDirectory {
 public:
  Result<> complete(Config& config) {
    if (config.work_dir.empty()) config.work_dir = config.config_dir;
    if (config.work_dir.empty()) {
      auto pattern = (std::filesystem::temp_directory_path() / "kuma-dp-XXXXXX").string();
      if (!::mkdtemp(pattern.data())) return fail(Code::permission_denied, "unable to create a temporary directory");
      made_ = config.work_dir = pattern;
    }
    if (config.socket_dir.empty()) config.socket_dir = config.work_dir;
    return live::make_directories(config.work_dir);
  }
  ~WorkDirectory() {
    std::error_code ignored;
    if (!made_.empty()) std::filesystem::remove_all(made_, ignored);
  }

 private:
  std::string made_;
};

/// The places that Go's crypto/x509 looks at.
std::string system_ca_path() {
  for (auto* path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"})
    if (std::filesystem::exists(path)) return path;
  return {};
}

/// Everything that the configuration names on this machine: files, defaults that depend on it.
Result<std::string> complete(Config& config, const LogArguments& log) {
  if (config.envoy_log_level.empty()) config.envoy_log_level = log.level;
  if (config.ca_cert.empty() && !config.ca_cert_file.empty()) {
    auto pem = live::read_file(config.ca_cert_file);
    if (!pem) return fail(pem.error().code, "could not read certificate file: " + pem.error().message);
    config.ca_cert = std::move(*pem);
  }
  if (config.system_ca_path.empty()) config.system_ca_path = system_ca_path();
  if (config.ipv6_enabled) config.ipv6_enabled = std::filesystem::exists("/proc/net/if_inet6");
  auto text = config.resource;
  if (!config.resource_path.empty()) {
    auto read = live::read_file(config.resource_path);
    if (!read) return fail(read.error().code, "error while reading provided file: " + read.error().message);
    text = std::move(*read);
  }
  if (text.empty()) return std::string();
  auto resource = read_proxy_resource(text, config.resource_vars, config.proxy_type);
  if (!resource) return fail(resource.error());
  if (!config.name.empty() || !config.mesh.empty())
    return fail(Code::invalid_argument,
                "--name and --mesh cannot be specified when a dataplane definition is provided, "
                "mesh and name will be read from the dataplane definition");
  config.mesh = resource->mesh;
  config.name = resource->name;
  return resource->json;
}

int run(Config config, const LogArguments& log_arguments) {
  if (auto done = apply_environment(config, live::environment_variable); !done) return failed(done.error());
  if (auto valid = validate(config); !valid) return failed(valid.error());
  auto dataplane = complete(config, log_arguments);
  if (!dataplane) return failed(dataplane.error());
  WorkDirectory directory;
  if (auto done = directory.complete(config); !done) return failed(done.error());
  live::LiveRuntime live({.data_directory = config.work_dir, .log = log_options(log_arguments)});
  live.log().info("kuma-dp.run", "starting Data Plane", {{"mesh", config.mesh}, {"name", config.name}});
  if (config.dns_enabled && !config.zone_proxy() && config.dns_proxy_port == 0)
    live.log().info("kuma-dp.run",
                    "names of the mesh are not resolved on this machine: this kuma-dp starts no CoreDNS");
  Supervisor supervisor(live.runtime(), std::move(config), std::move(*dataplane));
  Result<> outcome;
  auto task = [](Supervisor& work, Result<>& result, live::LiveRuntime& world) -> asio::awaitable<void> {
    try {
      result = co_await work.run();
    } catch (const std::exception& error) {
      result = fail(Code::internal, error.what());
    }
    world.stop();
  };
  spawn(live.runtime().executor, live.log(), "kuma-dp.run", task(supervisor, outcome, live));
  live.run();
  return outcome ? 0 : failed(outcome.error());
}

int wait(const std::string& url, Duration every, Duration limit, Duration request_limit) {
  live::LiveRuntime live({.log = {.level = LogLevel::info}});
  int code = 1;
  auto task = [&](Runtime& runtime) -> asio::awaitable<void> {
    auto until = runtime.timers.now() + limit;
    runtime.log.info("wait", "waiting for data plane proxy to be ready");
    while (code != 0 && runtime.timers.now() < until) {
      co_await sleep(runtime.timers, every);
      auto answer = co_await http_call(runtime.network, runtime.timers, url, {}, nullptr, request_limit);
      if (answer && answer->status == 200) {
        runtime.log.info("wait", "data plane is ready");
        code = 0;
      } else {
        auto why = answer ? fmt::format("HTTP status code {}", answer->status) : answer.error().message;
        runtime.log.info("wait", "data plane proxy is not ready", {{"err", why}});
      }
    }
    live.stop();
  };
  spawn(live.runtime().executor, live.log(), "wait", task(live.runtime()));
  live.run();
  if (code != 0) fmt::print(stderr, "Error: timeout occurred while waiting for data plane proxy to be ready\n");
  return code;
}

constexpr const char* default_transparent_proxy =
    R"({"ipFamilyMode":"dualstack","redirect":{"inbound":{"enabled":true,"port":15006},"outbound":{"enabled":true,)"
    R"("port":15001},"dns":{"enabled":true,"port":15053}}})";

void add_settings(CLI::App& command, Config& config, std::optional<Error>& error) {
  for (const auto& setting : settings()) {
    if (setting.flag.empty()) continue;
    auto apply = [&config, &error, &setting](const std::string& value) {
      auto done = setting.set(config, value);
      if (!done) error = Error{Code::invalid_argument, "--" + setting.flag + ": " + done.error().message};
      return done.has_value();
    };
    auto names = setting.flag == "dataplane-file" ? "-d,--dataplane-file" : "--" + setting.flag;
    if (setting.is_bool)
      command
          .add_flag_function(
              names, [apply](std::int64_t given) { apply(given > 0 ? "true" : "false"); }, setting.text)
          ->group("Flags");
    else
      command
          .add_option_function<std::string>(
              names, [apply](const std::string& value) { apply(value); }, setting.text)
          ->group("Flags");
  }
}

}  // namespace

int main_of(int argc, char** argv) {
  CLI::App app("Dataplane manager for Envoy-based Service Mesh.", "kuma-dp");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of every command");
  LogArguments log;
  app.add_option("--log-level", log.level, "log level: one of off|info|debug")
      ->check(CLI::IsMember({"off", "info", "debug"}));
  app.add_option("--log-format", log.format, "text or json")->check(CLI::IsMember({"text", "json"}));
  app.add_option("--log-output-path", log.path, "path to the file that will be filled with logs");
  app.add_option("--log-max-size", log.megabytes_max, "maximum size in megabytes of a log file before it gets rotated");
  app.add_option("--log-max-retained-files", log.files_max, "maximum number of the old log files to retain");
  app.add_option("--log-max-age", log.days_max, "accepted for compatibility; files are bounded by number and size");
  app.fallthrough();

  Config config;
  std::optional<Error> bad_setting;
  auto* run_command = app.add_subcommand("run", "Launch Dataplane (Envoy)");
  add_settings(*run_command, config, bad_setting);
  run_command
      ->add_option_function<std::vector<std::string>>(
          "-v,--dataplane-var",
          [&](const std::vector<std::string>& pairs) {
            for (const auto& pair : pairs) {
              auto equals = pair.find('=');
              if (equals == std::string::npos)
                bad_setting =
                    Error{Code::invalid_argument, "--dataplane-var: " + pair + " must be formatted as key=value"};
              else
                config.resource_vars[pair.substr(0, equals)] = pair.substr(equals + 1);
            }
          },
          "Variables to replace Dataplane template")
      ->delimiter(',');
  run_command->add_flag_function(
      "--transparent-proxy", [&](std::int64_t) { config.transparent_proxy = default_transparent_proxy; },
      "Enable transparent proxy with default configuration");

  std::string url = "http://localhost:9901/ready", every = "1s", limit = "180s", request_limit = "500ms";
  auto* wait_command = app.add_subcommand("wait", "Waits for data plane proxy to be ready");
  wait_command->add_option("--url", url, "url at which admin is exposed");
  wait_command->add_option("--check-frequency", every, "frequency of checking if the data plane proxy is ready");
  wait_command->add_option("--timeout", limit, "timeout defines how long waits for the data plane proxy");
  wait_command->add_option("--request-timeout", request_limit, "timeout for the request to the data plane proxy");

  auto* version_command = app.add_subcommand("version", "Print version");
  bool detailed = false;
  version_command->add_flag("-a,--detailed", detailed, "Print detailed version");
  std::string completion;
  cp::add_completion(app, [&completion](std::string script) { completion = std::move(script); })->require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  if (version_command->parsed()) {
    if (detailed)
      fmt::print("{}\n", cp::detailed_version());
    else
      fmt::print("{}: {}\n", cp::kuma_product, cp::kuma_version);
    return 0;
  }
  if (!completion.empty()) {
    fmt::print("{}", completion);
    return 0;
  }
  if (wait_command->parsed()) {
    std::vector<Duration> times;
    for (const auto& text : {every, limit, request_limit}) {
      auto time = cp::parse_duration(text);
      if (!time) return failed({Code::invalid_argument, cp::duration_error(text)});
      times.push_back(*time);
    }
    return wait(url, times[0], times[1], times[2]);
  }
  if (bad_setting) return failed(*bad_setting);
  return run(std::move(config), log);
}

}  // namespace kumasim::dp

int main(int argc, char** argv) { return kumasim::dp::main_of(argc, argv); }
