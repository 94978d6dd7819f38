#include "reference-cp/app/command_line/completion.hpp"

#include <algorithm>
#include <map>

#include <CLI/CLI.hpp>

namespace kumasim::cp {

namespace {

/// What may follow: commands and long flags, by the commands that stand before ("" , "get", "get meshes").
using Words = std::map<std::string, std::string>;

void collect(const CLI::App& app, const std::string& at, const std::string& inherited, Words& words) {
  auto flags = inherited;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames())
      if ((flags + " ").find(" --" + name + " ") == std::string::npos) flags += " --" + name;
  std::string children;
  for (const auto* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    children += (children.empty() ? "" : " ") + child->get_name();
    collect(*child, at.empty() ? child->get_name() : at + " " + child->get_name(), flags, words);
  }
  words[at] = children.empty() ? flags.substr(std::min<std::size_t>(1, flags.size())) : children + flags;
}

/// The program, and its name where a shell wants an identifier.
struct Name {
  std::string program, identifier;
};

std::string bash_script(const Name& name, const Words& words) {
  std::string out = "# bash completion for " + name.program + "\n_" + name.identifier +
                    "() {\n"
                    "  local current at word\n"
                    "  current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
                    "  at=\"\"\n"
                    "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                    "    case \"$word\" in -*) ;; *) at=\"${at:+$at }$word\" ;; esac\n"
                    "  done\n"
                    "  case \"$at\" in\n";
  for (const auto& [at, next] : words)
    out += "    \"" + at + "\") COMPREPLY=($(compgen -W \"" + next + "\" -- \"$current\")) ;;\n";
  return out + "  esac\n}\ncomplete -o default -F _" + name.identifier + " " + name.program + "\n";
}

std::string zsh_script(const Name& name, const Words& words) {
  std::string out = "#compdef " + name.program + "\n_" + name.identifier +
                    "() {\n"
                    "  local at=\"\" word\n"
                    "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
                    "    case \"$word\" in -*) ;; *) at=\"${at:+$at }$word\" ;; esac\n"
                    "  done\n"
                    "  case \"$at\" in\n";
  for (const auto& [at, next] : words) out += "    \"" + at + "\") compadd -- " + next + " ;;\n";
  return out + "    *) _files ;;\n  esac\n}\ncompdef _" + name.identifier + " " + name.program + "\n";
}

std::string fish_script(const Name& name, const Words& words) {
  std::string out = "# fish completion for " + name.program + "\nfunction __" + name.identifier +
                    "_at\n"
                    "  set -l words (commandline -opc)\n"
                    "  set -l at (string match -v -- '-*' $words[2..-1])\n"
                    "  test (string join ' ' -- $at) = \"$argv[1]\"\n"
                    "end\n";
  for (const auto& [at, next] : words)
    out += "complete -c " + name.program + " -f -n '__" + name.identifier + "_at \"" + at + "\"' -a '" + next + "'\n";
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& program, Shell shell) {
  Words words;
  collect(program, "", "", words);
  Name name{program.get_name(), program.get_name()};
  std::ranges::replace(name.identifier, '-', '_');
  if (shell == Shell::bash) return bash_script(name, words);
  return shell == Shell::zsh ? zsh_script(name, words) : fish_script(name, words);
}

CLI::App* add_completion(CLI::App& program, const std::function<void(std::string script)>& print) {
  auto* command = program.add_subcommand(
      "completion", "Outputs " + program.get_name() + " shell completion for the given shell (bash, fish or zsh).");
  for (auto [name, shell] :
       {std::pair{"bash", Shell::bash}, std::pair{"fish", Shell::fish}, std::pair{"zsh", Shell::zsh}})
    command->add_subcommand(name, std::string("Output shell completions for ") + name)
        ->callback([&program, print, shell] { print(completion_script(program, shell)); });
  return command;
}

}  // namespace kumasim::cp
