#include "reference-cp/rest/inspect/json_diff.hpp"

namespace kumasim::cp::inspect {

using Json = nlohmann::json;

namespace {

/// RFC 6901, section 3.
std::string escaped(const std::string& name) {
  std::string out;
  for (char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

void remove(const Json& value, const std::string& path, Json& patch) {
  patch.push_back({{"op", "test"}, {"path", path}, {"value", value}});
  patch.push_back({{"op", "remove"}, {"path", path}, {"value", value}});
}

void diff(const Json& before, const Json& after, const std::string& path, Json& patch);

void diff_objects(const Json& before, const Json& after, const std::string& path, Json& patch) {
  for (const auto& [name, value] : before.items()) {
    std::string member = path + "/" + escaped(name);
    if (auto found = after.find(name); found != after.end())
      diff(value, *found, member, patch);
    else
      remove(value, member, patch);
  }
  for (const auto& [name, value] : after.items())
    if (!before.contains(name))
      patch.push_back({{"op", "add"}, {"path", path + "/" + escaped(name)}, {"value", value}});
}

/// What both ends have in common stays; between them elements change one by one, and the rest goes or comes.
void diff_lists(const Json& before, const Json& after, const std::string& path, Json& patch) {
  std::size_t head = 0, tail = 0;
  const std::size_t shorter = std::min(before.size(), after.size());
  while (head < shorter && before[head] == after[head]) ++head;
  while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
  const std::size_t paired = shorter - tail;
  for (std::size_t i = head; i < paired; ++i) diff(before[i], after[i], path + "/" + std::to_string(i), patch);
  const std::size_t gone = before.size() - tail - paired, come = after.size() - tail - paired;
  if (gone == 0 && come == 0) return;
  const std::string place = path + "/" + std::to_string(paired);
  // The neighbours, so that the patch fits no other list.
  if (paired > 0)
    patch.push_back({{"op", "test"}, {"path", path + "/" + std::to_string(paired - 1)}, {"value", after[paired - 1]}});
  if (tail > 0)
    patch.push_back({{"op", "test"},
                     {"path", path + "/" + std::to_string(paired + gone)},
                     {"value", before[before.size() - tail]}});
  for (std::size_t i = 0; i < gone; ++i) remove(before[paired + i], place, patch);
  for (std::size_t i = come; i-- > 0;) patch.push_back({{"op", "add"}, {"path", place}, {"value", after[paired + i]}});
}

void diff(const Json& before, const Json& after, const std::string& path, Json& patch) {
  if (before == after) return;
  if (before.is_object() && after.is_object()) return diff_objects(before, after, path, patch);
  if (before.is_array() && after.is_array()) return diff_lists(before, after, path, patch);
  if (path.empty()) {
    // The whole document cannot be taken away.
    patch.push_back({{"op", "replace"}, {"path", path}, {"value", after}});
    return;
  }
  remove(before, path, patch);
  patch.push_back({{"op", "add"}, {"path", path}, {"value", after}});
}

}  // namespace

Json json_diff(const Json& before, const Json& after) {
  Json patch = Json::array();
  diff(before, after, "", patch);
  return patch;
}

}  // namespace kumasim::cp::inspect
