/// Counts operations and strikes one of them: the loop "fail the first, the second, ..., until a run gets through".
#pragma once

#include <cstdint>
#include <optional>

namespace kumasim::fault {

/// Shared by all wrappers whose operations are to be counted together.
class FaultPoint {
 public:
  /// The nth operation from now on fails, once; counts from 1.
  void fail_nth(std::uint64_t n) {
    count_ = 0;
    target_ = n;
  }
  void disarm() { target_.reset(); }

  /// Called by a wrapper before each operation; true where this one is to fail.
  bool strike() {
    ++count_;
    if (!target_ || count_ != *target_) return false;
    target_.reset();
    ++struck_;
    return true;
  }

  /// Operations since fail_nth().
  std::uint64_t count() const { return count_; }
  /// Operations that were failed so far.
  std::uint64_t struck() const { return struck_; }

 private:
  std::uint64_t count_ = 0;
  std::uint64_t struck_ = 0;
  std::optional<std::uint64_t> target_;
};

}  // namespace kumasim::fault
