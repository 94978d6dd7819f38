/// Paths and lists of violations.
#include "reference-cp/model/violation.hpp"

#include <string>

namespace kumasim::cp {

Path Path::at(std::string_view field) const {
  if (text_.empty()) return Path(std::string(field));
  return Path(text_ + "." + std::string(field));
}

Path Path::at(std::size_t index) const { return Path(text_ + "[" + std::to_string(index) + "]"); }

Path Path::key(std::string_view key) const { return Path(text_ + "[\"" + std::string(key) + "\"]"); }

std::string Violations::text() const {
  std::string out;
  for (const auto& violation : list_) {
    if (!out.empty()) out += "; ";
    out += violation.field.empty() ? violation.message : violation.field + ": " + violation.message;
  }
  return out;
}

}  // namespace kumasim::cp
