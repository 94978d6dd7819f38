/// Completion scripts for shells, read off a program's own tree of commands and flags.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace kumasim::cp {

enum class Shell { bash, fish, zsh };

/// A script that completes commands and long flags by the commands that stand before.
std::string completion_script(const CLI::App& program, Shell shell);

/// Adds `completion bash|fish|zsh`, and returns it; `print` gets the script where one of them is chosen.
CLI::App* add_completion(CLI::App& program, const std::function<void(std::string script)>& print);

}  // namespace kumasim::cp
