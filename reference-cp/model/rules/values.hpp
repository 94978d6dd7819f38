/// Checks of single values, and reading of canonical JSON, for the rules of kinds.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

/// Whether an object has a field that is not null.
bool has(const nlohmann::json& object, std::string_view field);

/// A field, or JSON null where there is none (null is empty() and has no fields).
const nlohmann::json& at(const nlohmann::json& object, std::string_view field);

/// A text field, or "".
std::string text_at(const nlohmann::json& object, std::string_view field);

/// Durations in Go's or protobuf's text; an absent field is fine.
void duration_not_negative(const nlohmann::json& object, std::string_view field, const Path& path, Violations& out);
void duration_greater_than_zero(const nlohmann::json& object, std::string_view field, const Path& path,
                                Violations& out);

/// Unsigned numbers; an absent field is fine.
void integer_greater_than_zero(const nlohmann::json& object, std::string_view field, const Path& path, Violations& out);
void integer_percentage(const nlohmann::json& object, std::string_view field, const Path& path, Violations& out);

/// int-or-string fields as decimal numbers; an absent field is fine.
void decimal_percentage(const nlohmann::json& object, std::string_view field, const Path& path, Violations& out);

/// A decimal in an int-or-string value; false where it is no number. `sign` becomes -1, 0 or 1; `over_hundred` says >
/// 100.
struct Decimal {
  bool valid = false;
  int sign = 0;
  bool over_hundred = false;
};
Decimal decimal(const nlohmann::json& value);

/// A number from 1 to 65535, else "port must be in the range [1, 65535]".
void validate_port(const nlohmann::json& port, const Path& path, Violations& out);

/// 100 to 599, else "must be in inclusive range [100, 599]".
void status_code(const nlohmann::json& status, const Path& path, Violations& out);

/// A number and kbps, Mbps or Gbps.
void validate_bandwidth(std::string_view text, const Path& path, Violations& out);

/// `conf` of a prometheus backend: unique names below `aggregate`, not both ways of switching mTLS off.
void validate_prometheus(const nlohmann::json& conf, const Path& path, Violations& out);

}  // namespace kumasim::cp
