/// kumactl install crds: the definitions of Kuma's kinds for Kubernetes.
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/app/kumactl/yaml_text.hpp"
#include "reference-cp/model/documents/custom_resources.hpp"

namespace kumasim::cp {

namespace {

Result<> print_definitions(Session& session) {
  for (const KubernetesKind& kind : kubernetes_kinds())
    session.out() << "---\n" << yaml_text(custom_resource_definition(kind));
  return {};
}

}  // namespace

void add_install(CLI::App& root, Session& session) {
  auto* install = root.add_subcommand("install", "Install various Kuma components.");
  auto* definitions = install->add_subcommand("crds", "Install Kuma Custom Resource Definitions on Kubernetes");
  definitions->callback([&session] {
    session.offline = true;
    session.action = [&session] { return print_definitions(session); };
  });
}

}  // namespace kumasim::cp
