/// The commands of kumactl: each adds itself to the tree, and sets the session's action when it is chosen.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class App;
}

namespace kumasim::cp {

class Session;

void add_apply(CLI::App& root, Session& session);
void add_config(CLI::App& root, Session& session);
void add_delete(CLI::App& root, Session& session);
void add_export(CLI::App& root, Session& session);
void add_generate(CLI::App& root, Session& session);
/// Below `generate`.
void add_generate_openapi(CLI::App& generate, Session& session);
void add_generate_token(CLI::App& generate, Session& session);
void add_get(CLI::App& root, Session& session);
void add_inspect(CLI::App& root, Session& session);
/// The subcommands of `inspect` that show what policies make of proxies, and what is counted of meshes and services.
void add_inspect_policies(CLI::App& inspect, Session& session, std::shared_ptr<std::string> output);
void add_inspect_zones(CLI::App& inspect, Session& session, const std::shared_ptr<std::string>& output);
void add_install(CLI::App& root, Session& session);
void add_version(CLI::App& root, Session& session);

}  // namespace kumasim::cp
