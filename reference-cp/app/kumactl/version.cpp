/// kumactl version: of this program and of the server, where one answers.
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/command_line/version.hpp"
#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/session.hpp"

namespace kumasim::cp {

namespace {

Result<> version(Session& session, bool detailed) {
  if (detailed)
    session.out() << detailed_version() << "\n";
  else
    session.out() << "Client: " << kuma_product << " " << kuma_version << "\n";
  auto client = session.client();
  auto index = client ? (*client)->index() : fail(client.error());
  if (!index)
    session.error() << "Unable to connect to control plane: Unable to retrieve server version: "
                    << index.error().message << "\n";
  else if (detailed)
    session.out() << "Server: " << index->dump(3) << "\n";
  else
    session.out() << "Server: " << index->value("product", "") << " " << index->value("version", "") << "\n";
  return {};
}

}  // namespace

void add_version(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("version", "Print version.");
  auto detailed = std::make_shared<bool>(false);
  command->add_flag("-a,--detailed", *detailed, "Print detailed version");
  command->callback(
      [&session, detailed] { session.action = [&session, detailed] { return version(session, *detailed); }; });
}

}  // namespace kumasim::cp
