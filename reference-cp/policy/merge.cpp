/// JSON merge patch with Kuma's three additions: appended lists, lists merged by key, confs split by a field's values.
#include "reference-cp/policy/merge.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace kumasim::cp::policy {
namespace {

using Json = nlohmann::json;

bool is_appended(const std::string& field, const MergeShape& shape, bool top) {
  return field.starts_with("append") || (top && !shape.keyed_list.empty() && field == shape.keyed_list);
}

/// Empties every appended list, so that the confs can be concatenated into it from the first on.
void clear_appended(Json& conf, const MergeShape& shape, bool top) {
  if (!conf.is_object()) return;
  for (auto& [field, value] : conf.items()) {
    if (value.is_array() && is_appended(field, shape, top)) value = Json::array();
    clear_appended(value, shape, false);
  }
}

void append(Json& into, const Json& from, const MergeShape& shape, bool top) {
  if (!into.is_object() || !from.is_object()) return;
  for (auto& [field, value] : into.items()) {
    auto found = from.find(field);
    if (found == from.end()) continue;
    if (value.is_array() && found->is_array() && is_appended(field, shape, top))
      value.insert(value.end(), found->begin(), found->end());
    append(value, *found, shape, false);
  }
}

/// Entries with one key become one, at the place of the last of them.
Json merge_by_key(const Json& entries, const MergeShape& shape) {
  struct Group {
    Json key;
    std::vector<Json> confs;
  };
  std::vector<Group> groups;
  const std::string key_field(shape.key);
  for (const Json& entry : entries) {
    Group group{entry.value(key_field, Json()), {}};
    auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.key == group.key; });
    if (same != groups.end()) {
      group.confs = std::move(same->confs);
      groups.erase(same);
    }
    group.confs.push_back(entry.value("default", Json::object()));
    groups.push_back(std::move(group));
  }
  Json merged = Json::array();
  for (const Group& group : groups)
    for (Json& conf : merge_confs(group.confs))
      merged.push_back(Json{{key_field, group.key}, {"default", std::move(conf)}});
  return merged;
}

Json merge_group(std::span<const Json> confs, const MergeShape& shape) {
  Json merged = confs.front();
  for (const Json& conf : confs.subspan(1)) merged.merge_patch(conf);
  clear_appended(merged, shape, true);
  for (const Json& conf : confs) append(merged, conf, shape, true);
  if (auto list = merged.find(shape.keyed_list); !shape.keyed_list.empty() && list != merged.end()) {
    *list = merge_by_key(*list, shape);
    if (shape.first_wins) std::reverse(list->begin(), list->end());
  }
  return merged;
}

}  // namespace

std::vector<Json> merge_confs(std::span<const Json> confs, const MergeShape& shape) {
  std::vector<std::pair<std::string, std::vector<Json>>> groups;
  for (Json conf : confs) {
    if (auto list = conf.find(shape.keyed_list); shape.first_wins && list != conf.end())
      std::reverse(list->begin(), list->end());
    std::vector<std::string> values = {""};
    if (auto list = conf.find(shape.split_by); !shape.split_by.empty() && list != conf.end() && !list->empty())
      values = list->get<std::vector<std::string>>();
    for (const std::string& value : values) {
      auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& each) { return each.first == value; });
      if (group == groups.end()) group = groups.insert(groups.end(), {value, {}});
      group->second.push_back(conf);
      if (!value.empty()) group->second.back()[std::string(shape.split_by)] = Json::array({value});
    }
  }
  std::vector<Json> merged;
  for (const auto& [value, group] : groups) merged.push_back(merge_group(group, shape));
  return merged;
}

}  // namespace kumasim::cp::policy
