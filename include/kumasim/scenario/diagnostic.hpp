/// What is wrong with a scenario file: where, which field, what was expected, and what was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kumasim::scenario {

/// A place in a file; lines and columns count from 1, 0 means unknown.
struct Mark {
  int line = 0;
  int column = 0;
  auto operator<=>(const Mark&) const = default;
};

struct Diagnostic {
  std::string file;
  Mark mark;
  std::string field;    // "spec.faults[0].at"; "" for the whole file
  std::string message;  // what was found and what was expected
  std::string hint;     // "did you mean `faults`?"; often empty

  /// `file:line:column: field: message (hint)`, as compilers print it.
  std::string text() const;
};

using Diagnostics = std::vector<Diagnostic>;

/// The candidate that `word` is most probably a misspelling of; "" where none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace kumasim::scenario
