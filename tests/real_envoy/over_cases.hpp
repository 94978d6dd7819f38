/// Work on cases of the corpus, some at a time.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "tests/golden/corpus.hpp"

namespace kumasim::test {

/// Two at a time: Envoys wait more than they compute. No further case is begun once `run` has returned false.
inline void over_cases(const std::vector<cp::golden::Case>& cases,
                       const std::function<bool(const cp::golden::Case&)>& run) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stopped = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      for (std::size_t at; !stopped && (at = next++) < cases.size();)
        if (!run(cases[at])) stopped = true;
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace kumasim::test
