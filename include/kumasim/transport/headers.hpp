/// HTTP header fields: in order, names compared without case, repeats allowed.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace kumasim {

class Headers {
 public:
  struct Field {
    std::string name;
    std::string value;
    bool operator==(const Field&) const = default;
  };

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }

  /// Replaces every field of this name.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);

  bool has(std::string_view name) const { return find(name) != nullptr; }

  /// The first value of this name, or "" where there is none.
  std::string_view get(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  bool operator==(const Headers&) const = default;

 private:
  const Field* find(std::string_view name) const;

  std::vector<Field> fields_;
};

/// Compares ASCII text without case, as HTTP compares names.
bool equal_without_case(std::string_view a, std::string_view b);

}  // namespace kumasim
