/// What is wrong with a resource: a list of violations, each a field path and a message, as Kuma words them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kumasim::cp {

struct Violation {
  std::string field;  // "spec.to[0].targetRef.kind"; "" for the whole resource
  std::string message;
  bool operator==(const Violation&) const = default;
};

/// A place in a resource that a violation is said of. Cheap to extend: `path.at("to").at(0).at("default")`.
class Path {
 public:
  Path() = default;
  explicit Path(std::string text) : text_(std::move(text)) {}

  Path at(std::string_view field) const;
  Path at(std::size_t index) const;
  /// A key of a map, as Kuma writes it: `tags["kuma.io/service"]`.
  Path key(std::string_view key) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Collects violations in the order in which they are found.
class Violations {
 public:
  void add(const Path& path, std::string message) { list_.push_back({path.text(), std::move(message)}); }
  void append(const Violations& other) { list_.insert(list_.end(), other.list_.begin(), other.list_.end()); }
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  const std::vector<Violation>& list() const { return list_; }
  /// "field: message; field: message", as Kuma prints a validation error.
  std::string text() const;

 private:
  std::vector<Violation> list_;
};

}  // namespace kumasim::cp
