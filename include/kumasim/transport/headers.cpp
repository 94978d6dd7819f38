#include "kumasim/transport/headers.hpp"

#include <algorithm>

namespace kumasim {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  fields_.push_back({std::string(name), std::move(value)});
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return equal_without_case(field.name, name); });
}

std::string_view Headers::get(std::string_view name) const {
  const auto* field = find(name);
  return field ? std::string_view(field->value) : std::string_view();
}

const Headers::Field* Headers::find(std::string_view name) const {
  for (const auto& field : fields_)
    if (equal_without_case(field.name, name)) return &field;
  return nullptr;
}

}  // namespace kumasim
