/// Every operation of the REST API (Kuma docs, "HTTP API"): the one list that its description is made from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::cp {

/// One variable of a path or of a query.
struct RestVariable {
  std::string name;
  std::string text;
  nlohmann::json schema = {{"type", "string"}};
  /// OpenAPI's way to write a map as `name[key]=value`.
  bool is_map = false;
};

struct RestOperation {
  std::string method;  // "get", "put", "delete", "post"
  std::string path;    // "/meshes/{mesh}/meshtimeouts/{name}"
  std::string id;      // OpenAPI's operationId
  std::string tag;     // what it belongs to
  std::string text;    // one line for people
  bool deprecated = false;
  /// Variables of the path that take only some values. The others are texts.
  std::map<std::string, std::vector<std::string>> choices{};
  std::vector<RestVariable> query{};
  std::string request{};  // name of the schema of its body, "" for none
  std::string answer{};   // name of the schema of what it answers; "" for text
  bool creates = false;   // 201 beside 200
  std::vector<int> problems = {400, 404};
};

/// By path and method.
std::vector<RestOperation> rest_operations();

/// What policies make of proxies, and what an Envoy says of itself.
std::vector<RestOperation> inspect_operations();

/// `{mesh}` and the like, in order.
std::vector<std::string> path_variables(const std::string& path);

}  // namespace kumasim::cp
