/// kuma-cp: run, version, migrate up, store export and import, completion.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/command_line/completion.hpp"
#include "reference-cp/app/command_line/version.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/app/kuma_cp/planted.hpp"
#include "reference-cp/app/kuma_cp/postgres_store.hpp"
#include "reference-cp/app/kuma_cp/server_identity.hpp"
#include "reference-cp/app/kuma_cp/store_command.hpp"
#include "reference-cp/app/kuma_cp/store_files.hpp"
#include "reference-cp/auth/token_key.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/live/log.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/offload.hpp"
#include "reference-cp/live/system.hpp"
#include "reference-cp/store/memory.hpp"
#include "reference-cp/store/transfer.hpp"

namespace kumasim::cp {
namespace {

struct Arguments {
  std::string config_file;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string log_path;
  std::string import_file;
};

int failed(const Error& error) {
  fmt::print(stderr, "Error: {}\n", error.message);
  return 1;
}

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "off") return LogLevel::off;
  if (name == "error") return LogLevel::error;
  return LogLevel::info;
}

/// What the control plane's own machine has for the CA of a MeshIdentity.
Result<std::string> read_outside(std::string_view type, const std::string& name) {
  if (type == "File") return live::read_file(name);
  if (auto value = live::environment_variable(name)) return *value;
  return fail(Code::not_found, fmt::format("environment variable: {} is not defined", name));
}

Result<Config> configure(const Arguments& arguments, Log& log) {
  std::string text;
  if (!arguments.config_file.empty()) {
    auto read = live::read_file(arguments.config_file);
    if (!read) return fail(read.error());
    text = std::move(*read);
  }
  std::vector<std::string> ignored;
  auto config = load_config(
      text, arguments.config_file, [](std::string_view name) { return live::environment_variable(std::string(name)); },
      &ignored);
  if (!config) return config;
  for (const auto& name : ignored) log.warn("config", "setting has no effect in this version", {{"setting", name}});
  if (config->work_dir.empty()) {
    auto home = live::environment_variable("HOME");
    if (!home)
      return fail(Code::invalid_argument,
                  "there is no home directory for the work directory: set KUMA_GENERAL_WORK_DIR", "general.workDir");
    config->work_dir = *home + "/.kuma";
  }
  auto planted = planted_bugs_of_this_program(live::environment_variable(planted_bug_variable).value_or(""));
  if (!planted) return fail(planted.error());
  config->planted = *planted;
  config->read_outside = read_outside;
  return config;
}

/// `import_file` is what a store in memory begins with; "" for nothing.
Result<std::unique_ptr<Persistence>> open_journal_or_begin(const Config& config, const std::string& import_file,
                                                           Log& log) {
  if (config.store_type != "memory") {
    if (!import_file.empty())
      return fail(Code::invalid_argument,
                  "run --import is for a store of type memory: use `kuma-cp store import` for this one");
    return open_journal(config, log);
  }
  if (import_file.empty()) return begin_with({});
  auto resources = read_export(import_file);
  if (!resources) return fail(resources.error());
  log.info("kuma-cp", "store begun", {{"file", import_file}, {"resources", resources->size()}});
  return begin_with(std::move(*resources));
}

/// REQUIRES: a store of another type than postgres.
Result<std::shared_ptr<Store>> open_own_store(const Config& config, const std::string& import_file, Log& log) {
  auto journal = open_journal_or_begin(config, import_file, log);
  if (!journal) return fail(journal.error());
  auto store = MemoryStore::open(std::move(*journal));
  if (!store) return fail(store.error().code, "store: " + store.error().message, "store");
  return std::shared_ptr<Store>(std::move(*store));
}

Result<FollowingStore> open_store(const Config& config, const std::string& import_file, live::LiveRuntime& live) {
  if (config.store_type != "postgres") {
    auto own = open_own_store(config, import_file, live.log());
    if (!own) return fail(own.error());
    return FollowingStore{std::move(*own), {}};
  }
  if (!import_file.empty())
    return fail(Code::invalid_argument,
                "run --import is for a store of type memory: PostgreSQL has its own pg_restore");
  return open_postgres_store(config, live);
}

/// The pair that two settings name; nullopt where they are empty.
Result<std::optional<TlsIdentity>> read_pair(const std::string& certificate, const std::string& key,
                                             const char* setting) {
  if (certificate.empty()) return std::nullopt;
  auto certificate_pem = live::read_file(certificate);
  if (!certificate_pem)
    return fail(Code::invalid_argument, fmt::format("{}.tlsCertFile: {}", setting, certificate_pem.error().message),
                setting);
  auto key_pem = live::read_file(key);
  if (!key_pem)
    return fail(Code::invalid_argument, fmt::format("{}.tlsKeyFile: {}", setting, key_pem.error().message), setting);
  if (auto fits = check_pair({*certificate_pem, *key_pem}); !fits)
    return fail(Code::invalid_argument,
                fmt::format("{}.tlsCertFile {} and tlsKeyFile {}: {}", setting, certificate, key, fits.error().message),
                setting);
  return TlsIdentity{*certificate_pem, *key_pem};
}

/// Texts of keys that the configuration names by their files.
Result<> read_keys(std::vector<PublicKeySetting>& keys, const char* setting) {
  for (PublicKeySetting& key : keys) {
    if (!key.key_file.empty()) {
      auto text = live::read_file(key.key_file);
      if (!text)
        return fail(Code::invalid_argument, fmt::format("{}: key {}: {}", setting, key.kid, text.error().message),
                    setting);
      key.key = std::move(*text);
    }
    auto parsed = TokenKey::from_public(key.key);
    if (!parsed)
      return fail(Code::invalid_argument, fmt::format("{}: key {}: {}", setting, key.kid, parsed.error().message),
                  setting);
  }
  return {};
}

/// The roots of clients of the HTTPS API, from the file and the directory that the configuration names.
Result<std::string> read_client_roots(const Config& config) {
  std::string out;
  std::vector<std::string> files;
  if (!config.api_client_ca.empty()) files.push_back(config.api_client_ca);
  if (!config.api_client_certs_dir.empty()) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(config.api_client_certs_dir, error))
      if (auto kind = entry.path().extension(); kind == ".pem" || kind == ".crt") files.push_back(entry.path());
    if (error) return fail(Code::invalid_argument, "apiServer.auth.clientCertsDir: " + error.message());
    std::ranges::sort(files);
  }
  for (const std::string& file : files) {
    auto text = live::read_file(file);
    if (!text) return fail(Code::invalid_argument, "certificates of clients: " + text.error().message);
    out += *text;
    if (!out.ends_with('\n')) out += '\n';
  }
  return out;
}

/// Debian's; where Go looks first.
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

/// The roots of the global control plane's certificate, of a zone that asks for it: the file that the configuration
/// names, or those of the system.
Result<std::string> read_kds_roots(const Config& config) {
  if (!config.federated() || config.kds_skip_verify || !config.global_address.starts_with("grpcs:"))
    return std::string();
  auto text = live::read_file(config.kds_root_ca.empty() ? system_authorities : config.kds_root_ca);
  if (!text)
    return fail(Code::invalid_argument, "multizone.zone.kds.rootCaFile: " + text.error().message,
                "multizone.zone.kds.rootCaFile");
  return text;
}

/// As server_identity, with the key readable by its owner only.
Result<> make_pair(const Config& config, const ControlPlaneOptions& options, const Runtime& runtime) {
  std::string certificate = config.work_dir + "/" + server_certificate_file,
              key = config.work_dir + "/" + server_key_file;
  if (runtime.disk.exists(server_certificate_file) && runtime.disk.exists(server_key_file)) return {};
  auto pair = make_server({.hosts = options.hosts, .key = key_spec(config.ca_key), .now = runtime.clock.wall_now()},
                          runtime.random);
  if (!pair) return fail(pair.error());
  if (auto done = live::write_file(key, pair->key_pem, {.secret = true}); !done) return done;
  if (auto done = live::write_file(certificate, pair->certificate_pem); !done) return done;
  runtime.log.info("kuma-cp", "server certificate made", {{"certificate", certificate}, {"key", key}});
  return {};
}

/// Until it is told to stop, which end_when_stopped() sees.
asio::awaitable<void> run_until_signal(ControlPlane& control_plane, asio::io_context& context, Log& log, int& code) {
  auto started = co_await control_plane.start();
  if (!started) {
    code = failed(started.error());
    context.stop();
    co_return;
  }
  int signal = co_await live::wait_for_stop();
  log.info("kuma-cp", "stopping", {{"signal", signal}});
  control_plane.stop();
}

/// A control plane that serves no more must not look alive: whoever supervises the process starts it again.
asio::awaitable<void> end_when_stopped(ControlPlane& control_plane, asio::io_context& context, int& code) {
  auto ended = co_await control_plane.wait_stopped();
  if (!ended) {
    code = failed(ended.error());
    control_plane.stop();
  }
  context.stop();
}

int run(const Arguments& arguments) {
  live::SystemLog log({.level = level_of(arguments.log_level),
                       .format = arguments.log_format == "json" ? live::LogFormat::json : live::LogFormat::text,
                       .path = arguments.log_path});
  live::ignore_sigpipe();
  auto config = configure(arguments, log);
  if (!config) return failed(config.error());
  if (auto made = make_work_directory(*config, log); !made) return failed(made.error());
  asio::io_context context(1);
  live::LiveRuntime live(context, log, {.data_directory = config->work_dir});
  auto opened = open_store(*config, arguments.import_file, live);
  if (!opened) return failed(opened.error());
  live::ThreadOffload offload(context);
  ControlPlaneOptions options;
  options.offload = &offload;
  options.follows_store = opened->follows;
  options.hostname = live::host_name();
  options.hosts = {options.hostname, "localhost", "127.0.0.1", "::1"};
  // As Kuma does (pkg/core/bootstrap/autoconfig.go): proxies may come by any address of the machine.
  for (std::string& address : live::local_addresses())
    if (std::ranges::find(options.hosts, address) == options.hosts.end()) options.hosts.push_back(std::move(address));
  auto owner = [&](const std::string& certificate, const char* own) {
    return certificate == config->certificate ? "general" : own;
  };
  auto dp =
      read_pair(config->dp_server_certificate, config->dp_server_key, owner(config->dp_server_certificate, "dpServer"));
  if (!dp) return failed(dp.error());
  auto api = read_pair(config->api_https_certificate, config->api_https_key,
                       owner(config->api_https_certificate, "apiServer.https"));
  if (!api) return failed(api.error());
  options.dp_server = std::move(*dp);
  options.api_server = std::move(*api);
  const bool serves_zones = config->mode == "global" && config->kds_tls_enabled;
  if (serves_zones) {
    auto kds =
        read_pair(config->kds_certificate, config->kds_key, owner(config->kds_certificate, "multizone.global.kds"));
    if (!kds) return failed(kds.error());
    options.kds_server = std::move(*kds);
  }
  auto kds_roots = read_kds_roots(*config);
  if (!kds_roots) return failed(kds_roots.error());
  options.kds_roots = std::move(*kds_roots);
  if (!options.dp_server || !options.api_server || (serves_zones && !options.kds_server))
    if (auto made = make_pair(*config, options, live.runtime()); !made) return failed(made.error());
  auto roots = read_client_roots(*config);
  if (!roots) return failed(roots.error());
  options.api_client_roots = std::move(*roots);
  for (auto [keys, setting] :
       {std::pair(&config->user_token_keys, "apiServer.authn.tokens.validator.publicKeys"),
        std::pair(&config->dp_token_keys, "dpServer.authn.dpProxy.dpToken.validator.publicKeys"),
        std::pair(&config->zone_token_keys, "dpServer.authn.zoneProxy.zoneToken.validator.publicKeys")})
    if (auto read = read_keys(*keys, setting); !read) return failed(read.error());
  // As Kuma fills it in where it is not set.
  for (const std::string& address : options.hosts)
    if (address.find_first_not_of("0123456789.") == std::string::npos && !address.starts_with("127."))
      if (config->inter_cp_address.empty()) config->inter_cp_address = address;
  std::unique_ptr<Election> election;
  if (config->store_type == "postgres") election = make_election(*config, live);
  options.election = election.get();
  int code = 0;
  {
    ControlPlane control_plane(live.runtime(), *config, opened->store, std::move(options));
    spawn(context.get_executor(), log, "kuma-cp", run_until_signal(control_plane, context, log, code));
    spawn(context.get_executor(), log, "kuma-cp.end", end_when_stopped(control_plane, context, code));
    context.run();
  }
  // Nothing writes any more: the context is not run again.
  if (auto closed = opened->store->close(); !closed)
    log.warn("kuma-cp", "store not tidied", {{"error", closed.error().message}});
  return code;
}

int migrate(const Arguments& arguments) {
  live::SystemLog log({.level = LogLevel::info});
  auto config = configure(arguments, log);
  if (!config) return failed(config.error());
  if (config->store_type == "memory")
    return failed({Code::invalid_argument, "a store of type memory has nothing to migrate"});
  if (config->store_type == "postgres") {
    live::LiveRuntime live;
    auto made = migrate_postgres_store(*config, live);
    if (!made) return failed(made.error());
    fmt::print("DB has {}been migrated for Kuma {}\n", *made ? "" : "already ", kuma_version);
    return 0;
  }
  if (auto made = make_work_directory(*config, log); !made) return failed(made.error());
  auto store = open_own_store(*config, "", log);
  if (!store) return failed(store.error());
  if (auto closed = (*store)->close(); !closed) return failed(closed.error());
  fmt::print("schema is up to date\n");
  return 0;
}

int carry_store(const StoreCommand& command, const Arguments& arguments) {
  live::SystemLog log({.level = LogLevel::warn});
  auto config = configure(arguments, log);
  if (!config) return failed(config.error());
  auto done = command.run(*config, log);
  return done ? 0 : failed(done.error());
}

int start(int argc, char** argv) {
  CLI::App app{"Kuma's control plane", "kuma-cp"};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of every command");
  Arguments arguments;
  auto* run_command = app.add_subcommand("run", "Run the control plane");
  auto* version_command = app.add_subcommand("version", "Print the version");
  auto* migrate_command = app.add_subcommand("migrate", "Migrate the database");
  migrate_command->require_subcommand(1);
  auto* up_command = migrate_command->add_subcommand("up", "Create the schema, or bring it up to date");
  for (auto* command : {run_command, up_command})
    command->add_option("-c,--config-file", arguments.config_file, "Configuration file (YAML)");
  run_command->add_option("--log-level", arguments.log_level, "off, info, debug")
      ->check(CLI::IsMember({"off", "info", "debug", "error"}));
  run_command->add_option("--log-format", arguments.log_format, "text, json")->check(CLI::IsMember({"text", "json"}));
  run_command->add_option("--log-output-path", arguments.log_path, "File for the log instead of the standard error");
  run_command->add_option("--import", arguments.import_file,
                          "Begin a store of type memory with what `kuma-cp store export` wrote to this file");
  StoreCommand store_command(app, arguments.config_file);
  bool detailed = false;
  version_command->add_flag("-a,--detailed", detailed, "More of it");
  std::string completion;
  add_completion(app, [&completion](std::string script) { completion = std::move(script); })->require_subcommand(1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (version_command->parsed()) {
    if (detailed)
      fmt::print("{}\n", detailed_version());
    else
      fmt::print("{}: {}\n", kuma_product, kuma_version);
    return 0;
  }
  if (!completion.empty()) {
    fmt::print("{}", completion);
    return 0;
  }
  if (store_command.parsed()) return carry_store(store_command, arguments);
  return run_command->parsed() ? run(arguments) : migrate(arguments);
}

}  // namespace
}  // namespace kumasim::cp

int main(int argc, char** argv) {
  try {
    return kumasim::cp::start(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "Error: {}\n", error.what());
    return 1;
  }
}
