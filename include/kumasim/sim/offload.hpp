/// Long work in virtual time.
#pragma once

#include <algorithm>
#include <memory>

#include <boost/asio/post.hpp>

#include "kumasim/runtime/offload.hpp"
#include "kumasim/runtime/timer.hpp"

namespace kumasim::sim {

/// Does the work at once, where it draws from the running process's chance, and completes it `about` later. One after
/// another, as one thread does.
class VirtualOffload final : public Offload {
 public:
  explicit VirtualOffload(Timers& timers) : timers_(timers) {}

  void run(OnceFunction<void()> work, Duration about, Operation done) override {
    if (*queued_ == queued_max) {
      asio::post(timers_.executor(),
                 [complete = std::move(done.complete)]() mutable { complete(asio::error::no_buffer_space, 0); });
      return;
    }
    ++*queued_;
    work();
    free_at_ = std::max(free_at_, timers_.now()) + about;
    auto timer = std::make_shared<Timer>(timers_);
    timer->expires_at(free_at_);
    Timer& armed = *timer;
    // The wait owns its timer: with the process's end both go.
    armed.async_wait(
        [timer = std::move(timer), queued = queued_, complete = std::move(done.complete)](error_code code) mutable {
          --*queued;
          if (!code) complete(code, 0);
        });
  }

 private:
  Timers& timers_;
  MonotonicTime free_at_{};
  std::shared_ptr<std::size_t> queued_ = std::make_shared<std::size_t>(0);
};

}  // namespace kumasim::sim
