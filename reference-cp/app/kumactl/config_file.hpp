/// kumactl's configuration: known control planes, contexts, and which one is active. The file is Kuma's own YAML.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

/// Fields that it does not know stay in the file.
class ConfigFile {
 public:
  /// One control plane, "local", at http://localhost:5681.
  static ConfigFile standard();
  /// Errors name the file, the line and the field.
  static Result<ConfigFile> parse(std::string_view text, const std::string& file);

  std::string text() const;

  std::string current() const;
  const nlohmann::json& control_planes() const;
  std::optional<nlohmann::json> control_plane(const std::string& name) const;
  /// The control plane that a context names; nothing where there is no such context.
  std::optional<std::string> context_control_plane(const std::string& name) const;

  /// With a context of the same name, which becomes the active one. already_exists without `overwrite`.
  Result<> add(nlohmann::json control_plane, bool overwrite);
  /// With its contexts; the first one left becomes active. not_found.
  Result<> remove(const std::string& name);
  /// not_found.
  Result<> switch_to(const std::string& name);

 private:
  nlohmann::json document_;
};

}  // namespace kumasim::cp
