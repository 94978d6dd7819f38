/// kumactl completion: shell scripts made from the command tree itself.
#include <map>
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/session.hpp"

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
  words[at] = children.empty() ? flags.substr(1) : children + flags;
}

void print_bash(std::ostream& out, const Words& words) {
  out << "# bash completion for kumactl\n"
         "_kumactl() {\n"
         "  local current at word\n"
         "  current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
         "  at=\"\"\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$word\" in -*) ;; *) at=\"${at:+$at }$word\" ;; esac\n"
         "  done\n"
         "  case \"$at\" in\n";
  for (const auto& [at, next] : words)
    out << "    \"" << at << "\") COMPREPLY=($(compgen -W \"" << next << "\" -- \"$current\")) ;;\n";
  out << "  esac\n"
         "}\n"
         "complete -o default -F _kumactl kumactl\n";
}

void print_zsh(std::ostream& out, const Words& words) {
  out << "#compdef kumactl\n"
         "_kumactl() {\n"
         "  local at=\"\" word\n"
         "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
         "    case \"$word\" in -*) ;; *) at=\"${at:+$at }$word\" ;; esac\n"
         "  done\n"
         "  case \"$at\" in\n";
  for (const auto& [at, next] : words) out << "    \"" << at << "\") compadd -- " << next << " ;;\n";
  out << "    *) _files ;;\n"
         "  esac\n"
         "}\n"
         "compdef _kumactl kumactl\n";
}

void print_fish(std::ostream& out, const Words& words) {
  out << "# fish completion for kumactl\n"
         "function __kumactl_at\n"
         "  set -l words (commandline -opc)\n"
         "  set -l at (string match -v -- '-*' $words[2..-1])\n"
         "  test (string join ' ' -- $at) = \"$argv[1]\"\n"
         "end\n";
  for (const auto& [at, next] : words)
    out << "complete -c kumactl -f -n '__kumactl_at \"" << at << "\"' -a '" << next << "'\n";
}

}  // namespace

void add_completion(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand(
      "completion", "Outputs kumactl shell completion for the given shell (bash, fish or zsh).");
  auto add = [&](const char* shell, void (*print)(std::ostream&, const Words&)) {
    command->add_subcommand(shell, std::string("Output shell completions for ") + shell)
        ->callback([&session, &root, print] {
          session.offline = true;
          session.action = [&session, &root, print]() -> Result<> {
            Words words;
            collect(root, "", "", words);
            print(session.out(), words);
            return {};
          };
        });
  };
  add("bash", print_bash);
  add("fish", print_fish);
  add("zsh", print_zsh);
}

}  // namespace kumasim::cp
