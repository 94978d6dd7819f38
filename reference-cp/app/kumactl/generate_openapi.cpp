/// kumactl generate openapi: the REST API as an OpenAPI document.
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/printing.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/rest/description/openapi.hpp"

namespace kumasim::cp {

void add_generate_openapi(CLI::App& generate, Session& session) {
  auto* command = generate.add_subcommand("openapi", "Describe the REST API as an OpenAPI document");
  auto format = std::make_shared<std::string>("yaml");
  command->add_option("-o,--output", *format, "output format: one of yaml|json");
  command->callback([&session, format] {
    session.offline = true;
    session.action = [&session, format] { return print_formatted(session.out(), openapi_document(), *format); };
  });
}

}  // namespace kumasim::cp
