/// Status codes and changeable headers.
#include "reference-cp/model/rules/http.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace kumasim::cp {
namespace {

constexpr std::array<int, 62> statuses = {
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307,
    308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421,
    422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511};

}  // namespace

bool is_http_status(std::string_view text) {
  if (text.size() != 3 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return false;
  int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  return std::ranges::find(statuses, value) != statuses.end();
}

void validate_header_change(std::string_view name, const Path& path, Violations& out) {
  if (name.empty()) return out.add(path, "cannot be empty");
  if (name[0] == ':' || name == "host" || name == "Host") {
    out.add(path, "host header and HTTP/2 pseudo-headers are not allowed to be modified");
  }
}

}  // namespace kumasim::cp
