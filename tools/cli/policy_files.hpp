/// Files and folders of resources, as commands name them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kumasim/scenario/diagnostic.hpp"
#include "scenarios/behaviour/policy_set.hpp"

namespace kumasim::cli {

/// Prints what is wrong to standard error: one line each, and how many.
void complain(const std::string& what, const scenario::Diagnostics& wrong);

/// The text of a file; nullopt after a complaint.
std::optional<std::string> read_or_complain(const std::string& file);

/// Of a file, or of all *.yaml, *.yml and *.json files under a folder, by path; nullopt after a complaint.
std::optional<std::vector<scenario::SourceText>> read_sources(const std::vector<std::string>& paths);

/// The set, with Dataplanes: its own, and beside them those of a scenario in it, or where there is none those of
/// `topology`, which is a scenario or nullptr. nullopt after a complaint. `name` is what it is called.
std::optional<scenario::PolicySet> load_policies(const std::string& name, const std::vector<std::string>& paths,
                                                 const scenario::Scenario* topology);

}  // namespace kumasim::cli
