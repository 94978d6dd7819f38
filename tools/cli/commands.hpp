/// The subcommands of `kumasim`; each adds itself to the parser and leaves its exit code behind.
#pragma once

namespace CLI {
class App;
}

namespace kumasim::cli {

/// What `kumasim` exits with: all held; something did not; the input is no good or the mesh did not come up; kumasim
/// itself failed.
enum ExitCode : int { passed = 0, broken = 1, bad_input = 2, internal_failure = 3 };

void add_run(CLI::App& app, int& exit_code);
void add_replay(CLI::App& app, int& exit_code);
void add_inspect(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_diverge(CLI::App& app, int& exit_code);
void add_explore(CLI::App& app, int& exit_code);
void add_shrink(CLI::App& app, int& exit_code);
void add_graph(CLI::App& app, int& exit_code);
void add_validate(CLI::App& app, int& exit_code);
void add_schema(CLI::App& app, int& exit_code);
void add_faults(CLI::App& app, int& exit_code);
void add_diff(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_import(CLI::App& app, int& exit_code);
void add_import_isotope(CLI::App& app, int& exit_code);
/// `version`, and the same by `--version`.
void add_version(CLI::App& app, int& exit_code);
void add_completion(CLI::App& app, int& exit_code);

}  // namespace kumasim::cli
