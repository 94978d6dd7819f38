/// What makes a store outlive its process: a journal that takes whole commits and gives everything back at the start.
#pragma once

#include <span>
#include <vector>

#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

class Persistence {
 public:
  virtual ~Persistence() = default;
  /// Everything that was committed.
  virtual Result<std::vector<Resource>> load() = 0;
  /// All of the changes or none; durable when it returns. A single insight is durable with the next other change: a
  /// machine that loses its power may forget the last ones.
  virtual Result<> commit(std::span<const Change> changes) = 0;
  /// Brings the journal into its resting form. Commits fail from then on.
  virtual Result<> close() = 0;
};

}  // namespace kumasim::cp
