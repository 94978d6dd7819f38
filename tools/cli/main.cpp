/// `kumasim`: runs scenarios of a service mesh in a simulated or a live world.
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "tools/cli/commands.hpp"

int main(int argc, char** argv) {
  using namespace kumasim::cli;
  CLI::App app("Runs scenarios of a service mesh: the real control plane, in a simulated or a live world.", "kumasim");
  int exit_code = passed;
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of every command");
  add_run(app, exit_code);
  add_replay(app, exit_code);
  add_inspect(app, exit_code);
  add_explain(app, exit_code);
  add_diverge(app, exit_code);
  add_explore(app, exit_code);
  add_shrink(app, exit_code);
  add_graph(app, exit_code);
  add_validate(app, exit_code);
  add_schema(app, exit_code);
  add_faults(app, exit_code);
  add_diff(app, exit_code);
  add_check(app, exit_code);
  add_import(app, exit_code);
  add_import_isotope(app, exit_code);
  add_version(app, exit_code);
  add_completion(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? passed : bad_input;
  } catch (const std::exception& error) {
    std::cerr << "kumasim failed: " << error.what() << "\n";
    return internal_failure;
  }
  return exit_code;
}
