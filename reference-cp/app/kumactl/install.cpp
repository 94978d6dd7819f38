/// kumactl install crds: the definitions of Kuma's kinds for Kubernetes.
#include <memory>
#include <ostream>
#include <set>

#include <CLI/CLI.hpp>

#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/kube_client.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/app/kumactl/yaml_text.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/live/system.hpp"
#include "reference-cp/model/documents/custom_resources.hpp"

namespace kumasim::cp {

namespace {

/// What the cluster has already.
Result<std::set<std::string>> installed(Session& session) {
  auto access = kube_access({.home = session.home(), .variable = live::environment_variable, .read = live::read_file});
  if (!access) return fail(access.error().code, "Could not detect Kubernetes configuration: " + access.error().message);
  auto names = installed_definitions(session.live(), *access);
  if (!names)
    return fail(names.error().code, "Failed obtaining CRDs from Kubernetes cluster: " + names.error().message);
  return names;
}

Result<> print_definitions(Session& session, bool only_missing) {
  std::set<std::string> there;
  if (only_missing) {
    auto names = installed(session);
    if (!names) return fail(names.error());
    there = std::move(*names);
  }
  for (const KubernetesKind& kind : kubernetes_kinds()) {
    nlohmann::json definition = custom_resource_definition(kind);
    if (!there.contains(definition["metadata"]["name"].get<std::string>()))
      session.out() << "---\n" << yaml_text(definition);
  }
  return {};
}

}  // namespace

void add_install(CLI::App& root, Session& session) {
  auto* install = root.add_subcommand("install", "Install various Kuma components.");
  auto* definitions = install->add_subcommand("crds", "Install Kuma Custom Resource Definitions on Kubernetes");
  auto only_missing = std::make_shared<bool>(false);
  definitions->add_flag("--only-missing", *only_missing,
                        "install only resources which are not already present in a cluster");
  definitions->callback([&session, only_missing] {
    session.offline = true;
    session.action = [&session, only_missing] { return print_definitions(session, *only_missing); };
  });
}

}  // namespace kumasim::cp
