/// A process that goes on from here: its answer, or how it died.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tools/cli/fork.hpp"

namespace kumasim::cli {
namespace {

TEST(Fork, HasWhatWasThereAndAnswers) {
  int steps = 41;
  Fork fork;
  if (fork.split()) fork.answer(std::to_string(++steps));
  EXPECT_EQ(fork.output(), "42");
  EXPECT_EQ(fork.trouble(), "");
  EXPECT_EQ(steps, 41) << "what it writes to memory stays there";
}

TEST(Fork, ACrashSaysWhatItSaidLast) {
  Fork fork;
  if (fork.split()) {
    std::cerr << "assertion failed\n";
    std::raise(SIGSEGV);
  }
  EXPECT_EQ(fork.trouble(), "died by Segmentation fault: assertion failed");
  Fork other;
  if (other.split()) std::_Exit(7);
  EXPECT_EQ(other.trouble(), "ended with exit code 7");
}

TEST(Fork, BothHaveWhatIsLeftOfTheTime) {
  alarm(1000);
  Fork fork;
  if (fork.split()) fork.answer(std::to_string(alarm(0)));
  EXPECT_GT(std::stoi(fork.output()), 900);
  EXPECT_GT(alarm(0), 900U);
}

}  // namespace
}  // namespace kumasim::cli
