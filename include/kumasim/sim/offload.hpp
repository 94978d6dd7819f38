/// Long work in virtual time.
#pragma once

#include <algorithm>
#include <memory>

#include "kumasim/runtime/offload.hpp"
#include "kumasim/runtime/timer.hpp"

namespace kumasim::sim {

/// Does the work at once, where it draws from the running process's chance, and completes it `about` later. One after
/// another, as one thread does.
class VirtualOffload final : public Offload {
 public:
  explicit VirtualOffload(Timers& timers) : timers_(timers) {}

  void run(OnceFunction<void()> work, Duration about, Operation done) override {
    work();
    free_at_ = std::max(free_at_, timers_.now()) + about;
    auto timer = std::make_shared<Timer>(timers_);
    timer->expires_at(free_at_);
    Timer& armed = *timer;
    // The wait owns its timer: with the process's end both go.
    armed.async_wait([timer = std::move(timer), complete = std::move(done.complete)](error_code code) mutable {
      if (!code) complete(code, 0);
    });
  }

 private:
  Timers& timers_;
  MonotonicTime free_at_{};
};

}  // namespace kumasim::sim
