/// Merging of confs: several policies say something of one subject, the result is one conf.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::cp::policy {

/// Fields of a kind's conf that merge otherwise than RFC 7396 says. Empty names: there is none.
struct MergeShape {
  std::string_view split_by;    ///< a list of strings: the confs merge separately for each of its values
  std::string_view keyed_list;  ///< a list whose entries with equal `key` merge their `default`
  std::string_view key;
  /// The keyed list is written in falling precedence (the first rule wins), so it is merged from its end.
  bool first_wins = false;
};

/// One conf for each value of `split_by` (in order of appearance), one in all without it, none for no confs.
///
/// Confs come in rising precedence: a later field replaces an earlier one (RFC 7396, without deletion), lists as a
/// whole, but lists whose name starts with "append", which are concatenated (Kuma docs, "Policies: how policies are
/// combined").
std::vector<nlohmann::json> merge_confs(std::span<const nlohmann::json> confs, const MergeShape& shape = {});

}  // namespace kumasim::cp::policy
