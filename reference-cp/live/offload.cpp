/// Asio's thread pool behind the seam.
#include "reference-cp/live/offload.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace kumasim::live {

struct ThreadOffload::Thread {
  asio::thread_pool pool{1};
};

ThreadOffload::ThreadOffload(asio::io_context& context) : context_(context), thread_(std::make_unique<Thread>()) {}

ThreadOffload::~ThreadOffload() {
  thread_->pool.stop();
  thread_->pool.join();
}

void ThreadOffload::run(OnceFunction<void()> work, Duration, Operation done) {
  if (queued_ == queued_max) {
    asio::post(context_,
               [complete = std::move(done.complete)]() mutable { complete(asio::error::no_buffer_space, 0); });
    return;
  }
  ++queued_;
  // The context has something to wait for until the completion is in its queue. A coroutine hangs on the completion:
  // it goes back to the context's thread whatever happens, and is never destroyed here.
  asio::post(thread_->pool, [this, work = std::move(work), complete = std::move(done.complete),
                             home = context_.get_executor(), guard = asio::make_work_guard(context_)]() mutable {
    work();
    work.reset();
    asio::post(home, [this, complete = std::move(complete)]() mutable {
      --queued_;
      complete({}, 0);
    });
  });
}

}  // namespace kumasim::live
