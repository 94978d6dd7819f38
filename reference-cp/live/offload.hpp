/// A thread for work that takes long.
#pragma once

#include <cstddef>
#include <memory>

#include "kumasim/runtime/offload.hpp"

namespace boost::asio {
class io_context;
}

namespace kumasim::live {

/// One thread: two cores are left to what has to answer. Destroying it waits for the work that has begun and drops the
/// rest; the context must outlive it, and must not be run any more by then.
class ThreadOffload final : public Offload {
 public:
  explicit ThreadOffload(asio::io_context& context);
  ~ThreadOffload() override;
  void run(OnceFunction<void()> work, Duration about, Operation done) override;

 private:
  struct Thread;

  asio::io_context& context_;
  std::size_t queued_ = 0;
  std::unique_ptr<Thread> thread_;
};

}  // namespace kumasim::live
