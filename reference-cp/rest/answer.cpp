/// Answers of the REST API.
#include "reference-cp/rest/answer.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace kumasim::cp {

using nlohmann::json;

HttpResponse json_answer(int status, const json& body) {
  // Kuma indents its bodies by one space; a stray byte that is not UTF-8 is replaced rather than thrown at the client.
  return {
      status, {{"Content-Type", "application/json"}}, body.dump(1, ' ', false, json::error_handler_t::replace) + "\n"};
}

HttpResponse text_answer(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain"}}, std::move(body)};
}

HttpResponse problem(int status, std::string title, std::string detail, const Violations& violations) {
  json body = {{"type", "/std-errors"},
               {"title", std::move(title)},
               {"status", status},
               {"detail", detail},
               {"details", detail}};
  for (const auto& violation : violations.list()) {
    body["invalid_parameters"].push_back({{"field", violation.field}, {"reason", violation.message}});
    body["causes"].push_back({{"field", violation.field}, {"message", violation.message}});
  }
  return json_answer(status, body);
}

HttpResponse problem(const DecodeError& error, std::string title) {
  if (!error.reason.empty()) return problem(400, "Bad Request", error.reason);
  return problem(400, std::move(title), "Resource is not valid", error.violations);
}

HttpResponse problem(const Refusal& refusal, std::string title) {
  if (refusal.mesh_missing) {
    Violations violations;
    violations.add(Path("mesh"), refusal.error.message);
    return problem(400, std::move(title), "Mesh is not found", violations);
  }
  if (!refusal.violations.empty()) return problem(400, std::move(title), "Resource is not valid", refusal.violations);
  return problem(refusal.error, std::move(title));
}

HttpResponse problem(const Error& error, std::string title) {
  switch (error.code) {
    case Code::not_found: return problem(404, std::move(title), "Not found");
    case Code::invalid_argument: return problem(400, std::move(title), error.message);
    case Code::conflict:
    case Code::already_exists: return problem(409, "Conflict", error.message);
    case Code::unauthenticated: return problem(401, std::move(title), error.message);
    case Code::resource_exhausted:
    case Code::unavailable: return problem(503, "Service unavailable", error.message);
    default: return internal_problem(error, std::move(title));
  }
}

HttpResponse internal_problem(const Error& error, std::string title) {
  HttpResponse out = problem(500, title, "Internal Server Error");
  out.cause = fmt::format("{}: {}", title, error.message);
  return out;
}

namespace {

/// Whether one of the media types of a header is this, or */* where `or_any`; parameters and spaces count for nothing.
bool lists(std::string_view header, std::string_view wanted, bool or_any) {
  for (std::size_t at = 0; at <= header.size();) {
    const auto end = std::min(header.find(',', at), header.size());
    std::string_view type = header.substr(at, end - at);
    type = type.substr(0, type.find(';'));
    while (type.starts_with(' ')) type.remove_prefix(1);
    while (type.ends_with(' ')) type.remove_suffix(1);
    if (type == wanted || (or_any && type == "*/*")) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

std::optional<HttpResponse> refuse_representation(const HttpRequest& request) {
  bool has_body = request.method == "PUT" || request.method == "POST" || request.method == "PATCH";
  std::string_view type = request.headers.get("Content-Type");
  // A method without a body needs no type, but one that is given counts.
  if ((has_body || !type.empty()) && !lists(type, "application/json", false)) {
    return text_answer(415, "415: Unsupported Media Type");
  }
  std::string_view accept = request.headers.get("Accept");
  if (!accept.empty() && !lists(accept, "application/json", true)) {
    return text_answer(406, "406: Not Acceptable\n\nAvailable representations: application/json");
  }
  return std::nullopt;
}

HttpResponse page_not_found() { return text_answer(404, "404: Page Not Found"); }

HttpResponse method_not_allowed(const std::string& method, std::string allow) {
  HttpResponse out = text_answer(405, method == "HEAD" ? "" : "405: Method Not Allowed");
  out.headers.add("Allow", std::move(allow));
  return out;
}

}  // namespace kumasim::cp
