#include "reference-cp/app/kumactl/kumactl.hpp"

#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/command_line/completion.hpp"
#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/session.hpp"

namespace kumasim::cp {

namespace {

/// One line in the words of Kuma's command line where it has some.
std::string usage_error(const CLI::App& app, const CLI::ParseError& error) {
  std::string text = error.what();
  if (!dynamic_cast<const CLI::ExtrasError*>(&error)) return text;
  // The parser names what it did not expect behind a colon, and keeps it nowhere else.
  auto first = text.substr(std::min(text.size(), text.rfind(": ") + 2));
  first = first.substr(0, first.find(' '));
  if (first.starts_with('-')) return "unknown flag: " + first;
  const auto* chosen = &app;
  std::string path = "kumactl";
  while (!chosen->get_subcommands().empty()) {
    chosen = chosen->get_subcommands().front();
    path += " " + chosen->get_name();
  }
  return "unknown command \"" + first + "\" for \"" + path + "\"";
}

/// Options that precede a subcommand in the tree may also follow it, as with Kuma's persistent flags.
void inherit_options(CLI::App& app) {
  for (auto* child : app.get_subcommands([](CLI::App*) { return true; })) {
    child->fallthrough();
    inherit_options(*child);
  }
}

int refuse(const Console& console, const std::string& message) {
  console.error << "Error: " << message << "\n";
  return 1;
}

}  // namespace

int run_kumactl(const Console& console, const std::vector<std::string>& arguments) {
  Session session(console);
  CLI::App app("Management tool for Kuma.", "kumactl");
  app.option_defaults()->always_capture_default();
  app.add_option("--config-file", session.config_file, "path to the configuration file to use");
  app.add_option("--context", session.context, "context to use");
  app.add_option("--log-level", session.log_level, "log level: one of off|info|debug");
  app.add_flag("--no-config", session.no_config, "if set no config file and config directory will be created");
  app.add_option("--api-timeout", session.api_timeout,
                 "the timeout for api calls. It includes connection time, any redirects, and reading the response "
                 "body. A timeout of zero means no timeout");
  add_apply(app, session);
  add_completion(app, [&session](std::string script) {
    session.offline = true;
    session.action = [&session, script = std::move(script)]() -> Result<> {
      session.out() << script;
      return {};
    };
  });
  add_config(app, session);
  add_delete(app, session);
  add_export(app, session);
  add_generate(app, session);
  add_get(app, session);
  add_inspect(app, session);
  add_install(app, session);
  add_version(app, session);
  app.set_help_all_flag("--help-all", "help of every command");
  inherit_options(app);
  try {
    auto reversed = arguments;
    std::reverse(reversed.begin(), reversed.end());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    console.out << app.help();
    return 0;
  } catch (const CLI::CallForAllHelp&) {
    console.out << app.help("", CLI::AppFormatMode::All);
    return 0;
  } catch (const CLI::ParseError& error) {
    refuse(console, usage_error(app, error));
    console.error << "Run 'kumactl --help' for usage.\n";
    return 1;
  }
  if (!session.action) {
    console.out << app.help();
    return 0;
  }
  if (!session.offline)
    if (auto loaded = session.load_config(); !loaded) return refuse(console, loaded.error().message);
  try {
    auto done = session.action();
    return done ? 0 : refuse(console, done.error().message);
  } catch (const nlohmann::json::exception& error) {
    // Fields are read as Kuma's API has them; a server that is none may give anything.
    return refuse(console, "the answer of the Control Plane cannot be read: " + std::string(error.what()));
  }
}

}  // namespace kumasim::cp
