/// Work in child processes: answers, crashes, limits.
#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>

#include "tools/cli/worker_pool.hpp"

namespace kumasim::cli {
namespace {

using namespace std::chrono_literals;

std::map<std::size_t, Finished> all_of(WorkerPool& pool) {
  std::map<std::size_t, Finished> out;
  while (auto finished = pool.wait()) out.emplace(finished->task, *finished);
  return out;
}

TEST(WorkerPool, GivesBackWhatTheWorkReturned) {
  WorkerPool pool(3, 60s);
  std::string large(300'000, 'x');
  pool.start(0, [] { return std::string("one"); });
  pool.start(1, [&] { return large; });
  EXPECT_FALSE(pool.full());
  pool.start(2, [] { return std::string(); });
  EXPECT_TRUE(pool.full());
  auto done = all_of(pool);
  ASSERT_EQ(done.size(), 3u);
  EXPECT_EQ(done[0].output, "one");
  EXPECT_EQ(done[1].output, large);
  EXPECT_EQ(done[2].output, "");
  for (const auto& [task, finished] : done) EXPECT_EQ(finished.trouble, "") << task;
  EXPECT_TRUE(pool.idle());
}

TEST(WorkerPool, ACrashIsAnAnswer) {
  WorkerPool pool(4, 60s);
  pool.start(0, [] {
    std::cerr << "assertion failed\n";
    std::raise(SIGSEGV);
    return std::string();
  });
  pool.start(1, []() -> std::string { throw std::runtime_error("no more paper"); });
  pool.start(2, [] {
    std::_Exit(7);
    return std::string();
  });
  pool.start(3, [] { return std::string("fine"); });
  auto done = all_of(pool);
  EXPECT_EQ(done[0].trouble, "died by Segmentation fault: assertion failed");
  EXPECT_EQ(done[1].trouble, "threw: no more paper");
  EXPECT_EQ(done[2].trouble, "ended with exit code 7");
  EXPECT_EQ(done[3].output, "fine");
}

TEST(WorkerPool, EndsWorkThatNeverEnds) {
  WorkerPool pool(1, 1s);
  pool.start(0, [] {
    for (volatile std::uint64_t i = 0;; i = i + 1) {
    }
    return std::string();
  });
  auto done = all_of(pool);
  EXPECT_NE(done[0].trouble.find("1 s of processor time"), std::string::npos) << done[0].trouble;
}

TEST(WorkerPool, EndsWorkThatWaitsForEver) {
  WorkerPool pool(1, 60s, 1s);
  pool.start(0, [] {
    while (true) pause();
    return std::string();
  });
  EXPECT_EQ(all_of(pool)[0].trouble, "was not done after 1 s");
}

/// The counter is shared with the children.
TEST(WorkerPool, DoesOnceMoreWhatWasEndedFromOutside) {
  auto* shared = static_cast<std::atomic<int>*>(
      mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(shared, MAP_FAILED);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGKILL}) {
    *shared = 0;
    WorkerPool pool(1, 60s);
    pool.start(0, [=] {
      if (shared->fetch_add(1) == 0) std::raise(signal);
      return std::string("done");
    });
    auto done = all_of(pool);
    EXPECT_EQ(done[0].output, "done") << signal;
    EXPECT_EQ(done[0].trouble, "") << signal;
  }
  WorkerPool pool(1, 60s);
  pool.start(0, [] {
    std::raise(SIGTERM);
    return std::string();
  });
  EXPECT_THROW(pool.wait(), std::runtime_error);
  munmap(shared, sizeof(std::atomic<int>));
}

TEST(WorkerPool, KeepsTheLastThatACrashSaid) {
  WorkerPool pool(1, 60s);
  pool.start(0, [] {
    std::cerr << "one\ntwo\nthree\nfour\n";
    std::raise(SIGSEGV);
    return std::string();
  });
  EXPECT_EQ(all_of(pool)[0].trouble, "died by Segmentation fault: two\nthree\nfour");
}

TEST(WorkerPool, KeepsWhatWorkSaidBeforeItDied) {
  WorkerPool pool(1, 60s);
  pool.start(0, [](const Say& say) -> std::string {
    say("one ");
    say("two");
    std::abort();
  });
  auto done = all_of(pool);
  EXPECT_EQ(done[0].output, "one two");
  EXPECT_EQ(done[0].trouble, "died by Aborted");
}

TEST(WorkerPool, ForgetsWhatIsCancelled) {
  WorkerPool pool(3, 60s);
  pool.start(5, [] { return std::string("kept"); });
  for (std::size_t task : {6u, 7u}) {
    pool.start(task, [] {
      for (volatile std::uint64_t i = 0;; i = i + 1) {
      }
      return std::string();
    });
  }
  pool.cancel_above(5);
  auto done = all_of(pool);
  EXPECT_EQ(done.size(), 1u);
  EXPECT_EQ(done[5].output, "kept");
}

}  // namespace
}  // namespace kumasim::cli
