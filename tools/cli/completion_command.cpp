/// `kumasim completion`: scripts for shells, read off the parser's own table of commands and options.
#include <iostream>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/cli/commands.hpp"

namespace kumasim::cli {
namespace {

struct Command {
  std::string name;
  std::string text;
  std::vector<std::pair<std::string, std::string>> options;  // "--seed" and its text
};

std::vector<Command> commands_of(const CLI::App& app) {
  std::vector<Command> out;
  for (const CLI::App* sub : app.get_subcommands({})) {
    Command command{sub->get_name(), sub->get_description(), {}};
    for (const CLI::Option* option : sub->get_options()) {
      for (const std::string& name : option->get_lnames())
        command.options.emplace_back("--" + name, option->get_description());
    }
    out.push_back(std::move(command));
  }
  return out;
}

std::string option_words(const Command& command) {
  std::vector<std::string> words;
  for (const auto& [name, text] : command.options) words.push_back(name);
  return fmt::format("{}", fmt::join(words, " "));
}

std::string quoted(std::string text) {
  std::string out;
  for (char c : text) out += c == '\'' ? ' ' : c;
  return out;
}

std::string bash_script(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  std::string out = "_kumasim() {\n  local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n";
  out += fmt::format("  if [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W '{}' -- \"$word\")); return; fi\n",
                     fmt::join(names, " "));
  out +=
      "  case \"$before\" in\n    --world) COMPREPLY=($(compgen -W 'sim live both' -- \"$word\")); return;;\n"
      "    --profile) COMPREPLY=($(compgen -W 'smoke lite swarm soak' -- \"$word\")); return;;\n"
      "    --output) COMPREPLY=($(compgen -W 'text table json yaml junit html markdown svg dot' -- \"$word\")); "
      "return;;\n  esac\n";
  out +=
      "  if [[ \"$word\" != -* ]]; then COMPREPLY=($(compgen -f -- \"$word\")); return; fi\n  case "
      "\"${COMP_WORDS[1]}\" in\n";
  for (const Command& command : commands) {
    out += fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$word\"));;\n", command.name, option_words(command));
  }
  return out + "  esac\n}\ncomplete -o filenames -F _kumasim kumasim\n";
}

std::string zsh_script(const std::vector<Command>& commands) {
  std::string out = "#compdef kumasim\n_kumasim() {\n  if (( CURRENT == 2 )); then\n    local -a names=(\n";
  for (const Command& command : commands) out += fmt::format("      '{}:{}'\n", command.name, quoted(command.text));
  out += "    )\n    _describe command names\n    return\n  fi\n  case $words[2] in\n";
  for (const Command& command : commands) {
    out += fmt::format("    {}) _arguments", command.name);
    for (const auto& [name, text] : command.options) {
      std::string plain = quoted(text);
      for (char& c : plain) c = c == '[' || c == ']' || c == ':' ? ' ' : c;
      out += fmt::format(" '{}[{}]'", name, plain);
    }
    out += " '*:file:_files';;\n";
  }
  return out + "  esac\n}\n_kumasim \"$@\"\n";
}

std::string fish_script(const std::vector<Command>& commands) {
  std::string out;
  for (const Command& command : commands) {
    out += fmt::format("complete -c kumasim -n __fish_use_subcommand -f -a {} -d '{}'\n", command.name,
                       quoted(command.text));
    for (const auto& [name, text] : command.options) {
      out += fmt::format("complete -c kumasim -n '__fish_seen_subcommand_from {}' -l {} -d '{}'\n", command.name,
                         name.substr(2), quoted(text));
    }
  }
  return out;
}

}  // namespace

void add_completion(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app, &exit_code] {
    std::vector<Command> commands = commands_of(app);
    std::cout << (*shell == "bash"  ? bash_script(commands)
                  : *shell == "zsh" ? zsh_script(commands)
                                    : fish_script(commands));
    exit_code = passed;
  });
  command->footer("bash: source <(kumasim completion bash)");
}

}  // namespace kumasim::cli
