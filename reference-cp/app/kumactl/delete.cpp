/// kumactl delete TYPE NAME.
#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/resource_path.hpp"
#include "reference-cp/app/kumactl/session.hpp"

namespace kumasim::cp {

namespace {

struct Options {
  std::string type;
  std::string name;
};

Result<> remove(Session& session, const Options& options) {
  session.check_compatibility();
  const Kind* kind = nullptr;
  std::vector<std::string> names;
  for (const auto* shown : shown_kinds()) {
    for (const std::string& name : {shown->singular(), alias_of(*shown)}) {
      if (name.empty()) continue;
      names.push_back(name);
      if (name == options.type) kind = shown;
    }
  }
  if (!kind) {
    std::ranges::sort(names);
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
    return fail(Code::invalid_argument, "unknown TYPE: " + options.type + ". Allowed values: " + all);
  }
  auto client = session.client();
  if (!client) return fail(client.error());
  auto answer = (*client)->call("DELETE", resource_path(*kind, session.mesh, options.name));
  if (!answer && answer.error().code == Code::not_found)
    return fail(Code::not_found, "there is no " + kind->type() + " with name \"" + options.name + "\"");
  if (!answer) return fail(answer.error());
  session.out() << "deleted " << kind->type() << " \"" << options.name << "\"\n";
  return {};
}

}  // namespace

void add_delete(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("delete", "Delete Kuma resources.");
  auto options = std::make_shared<Options>();
  command->add_option("TYPE", options->type, "kind of the resource, such as mesh or dataplane")->required();
  command->add_option("NAME", options->name, "its name")->required();
  command->add_option("-m,--mesh", session.mesh, "mesh to use");
  command->callback(
      [&session, options] { session.action = [&session, options] { return remove(session, *options); }; });
}

}  // namespace kumasim::cp
