/// The operations of a JSON patch.
#include "reference-cp/policy/mesh_proxy_patch/json_patch.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::policy::mesh_proxy_patch {
namespace {

using Json = nlohmann::json;
using Tokens = std::vector<std::string>;

std::string unescape(std::string_view text) {
  std::string token;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool escaped = text[i] == '~' && i + 1 < text.size() && (text[i + 1] == '0' || text[i + 1] == '1');
    token += escaped ? (text[++i] == '0' ? '~' : '/') : text[i];
  }
  return token;
}

std::optional<Tokens> tokens(std::string_view pointer) {
  Tokens list;
  if (pointer.empty()) return list;
  if (pointer.front() != '/') return std::nullopt;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    std::size_t end = std::min(pointer.find('/'), pointer.size());
    list.push_back(unescape(pointer.substr(0, end)));
    pointer.remove_prefix(end);
  }
  return list;
}

/// A number, or "-" for the place behind the last.
bool is_index(std::string_view token) {
  if (token == "-") return true;
  if (token.starts_with('-')) token.remove_prefix(1);
  return !token.empty() && std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
}

/// Position in a list with `size` entries; nullopt where it is outside.
std::optional<std::size_t> position(std::string_view token, std::size_t size) {
  if (token == "-") return size;
  std::int64_t index = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  if (index < 0) index += std::int64_t(size);
  if (index < 0 || index > std::int64_t(size)) return std::nullopt;
  return std::size_t(index);
}

Json* member(Json& parent, const std::string& token) {
  if (parent.is_object()) {
    auto found = parent.find(token);
    return found == parent.end() ? nullptr : &*found;
  }
  if (!parent.is_array()) return nullptr;
  auto index = position(token, parent.size());
  return index && *index < parent.size() ? &parent[*index] : nullptr;
}

/// What the tokens lead to; nullptr where there is nothing.
Json* find(Json& document, std::span<const std::string> path) {
  Json* at = &document;
  for (const std::string& token : path)
    if (at = member(*at, token); !at) return nullptr;
  return at;
}

bool insert(Json& parent, const std::string& token, Json value) {
  if (parent.is_object()) {
    parent[token] = std::move(value);
    return true;
  }
  if (!parent.is_array()) return false;
  auto index = position(token, parent.size());
  if (!index) return false;
  parent.insert(parent.begin() + std::ptrdiff_t(*index), std::move(value));
  return true;
}

bool add(Json& document, const Tokens& path, Json value, bool make_parents) {
  if (path.empty()) {
    document = std::move(value);
    return true;
  }
  Json* parent = &document;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    Json* next = member(*parent, path[i]);
    if (!next || next->is_null()) {
      if (!make_parents) return false;
      Json made = is_index(path[i + 1]) ? Json::array() : Json::object();
      if (next) {
        *next = std::move(made);
      } else {
        if (!insert(*parent, path[i], std::move(made))) return false;
        next = member(*parent, path[i] == "-" ? "-1" : path[i]);
      }
    }
    parent = next;
  }
  return insert(*parent, path.back(), std::move(value));
}

void remove(Json& document, const Tokens& path) {
  if (path.empty()) return;
  Json* parent = find(document, std::span(path).first(path.size() - 1));
  if (!parent || !member(*parent, path.back())) return;
  if (parent->is_object())
    parent->erase(path.back());
  else
    parent->erase(*position(path.back(), parent->size()));
}

}  // namespace

Result<> apply_json_patch(Json& document, const Json& operation) {
  std::string op = text_at(operation, "op"), path_text = text_at(operation, "path");
  auto path = tokens(path_text);
  if (!path) return fail(Code::invalid_argument, "no JSON pointer: " + path_text);
  auto missing = [&] { return fail(Code::invalid_argument, op + ": there is no " + path_text); };
  if (op == "add") {
    if (!add(document, *path, at(operation, "value"), true)) return missing();
  } else if (op == "remove") {
    remove(document, *path);
  } else if (op == "replace") {
    Json* place = find(document, *path);
    if (!place) return missing();
    *place = at(operation, "value");
  } else if (op == "move" || op == "copy") {
    auto from = tokens(text_at(operation, "from"));
    Json* source = from ? find(document, *from) : nullptr;
    if (!source) return missing();
    Json value = *source;
    if (op == "move") remove(document, *from);
    if (!add(document, *path, std::move(value), false)) return missing();
  } else {
    return fail(Code::invalid_argument, "no operation of a JSON patch: " + op);
  }
  return {};
}

}  // namespace kumasim::cp::policy::mesh_proxy_patch
