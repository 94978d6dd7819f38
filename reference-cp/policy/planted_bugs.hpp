/// Known bugs that a test can switch on, to show that the checkers find them. A value that is handed in, never a
/// global.
///
/// What a bug does lies in the library kumasim_planted_bugs: a program that does not link it cannot have one.
#pragma once

#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"

namespace envoy::config::listener::v3 {
class Listener;
}

namespace kumasim::cp::policy {

struct PlantedBugs {
  /// Instead of what the permissions make of an inbound's listener.
  void (*permissions)(::envoy::config::listener::v3::Listener&) = nullptr;

  /// By their names, none for "". An unknown name is an invalid argument. In the library kumasim_planted_bugs.
  static Result<PlantedBugs> from_name(const std::string& name);
  static const std::vector<std::string>& names();
};

}  // namespace kumasim::cp::policy
