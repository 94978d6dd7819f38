/// Which failures are the same.
#include <gtest/gtest.h>

#include "kumasim/chaos/signature.hpp"

namespace kumasim::chaos {
namespace {

TEST(Signature, DropsNumbersTimesAddressesAndInstances) {
  EXPECT_EQ(normalised("web-0 knows [10.0.0.5:8080 10.0.0.6:8080] of backend, running are []"),
            "web-# knows [#] of backend, running are []");
  EXPECT_EQ(normalised("40s to 1m10.5s: failed-calls(web -> backend) == 0"),
            "# to #: failed-calls(web -> backend) == #");
  EXPECT_EQ(normalised("within 30s after 80s: reachable(a -> b)"), "within # after #: reachable(a -> b)");
  EXPECT_EQ(normalised("backend-v1-12 at 3.25ms, 99.9% of 4012 calls"), "backend-v1-# at #, # of # calls");
  EXPECT_EQ(normalised("route backend 9Zuf5Tg79OuZcQITwBbQykxAk2u4fRKrwYn3//AL4Yo= -> x"), "route backend # -> x");
  EXPECT_EQ(normalised("fingerprint 60a85b3cc26e37e8 of added facade"), "fingerprint # of added facade");
}

TEST(Signature, KeepsWhatNamesAThing) {
  EXPECT_EQ(normalised("latency(web -> backend, p99) of version=v2 over http2"),
            "latency(web -> backend, p99) of version=v2 over http2");
  EXPECT_EQ(normalised(""), "");
}

TEST(Signature, KeepsWhatAnExpectationSays) {
  auto of = [](std::string what) { return signature({"broken", std::move(what), "late"}); };
  EXPECT_NE(of("10s to 20s: converged"), of("50s to 60s: converged"));
  EXPECT_NE(of("always latency(a -> b, p99) <= 50ms"), of("always latency(a -> b, p99) <= 500ms"));
}

TEST(Signature, KeepsAStatusAndDropsAWholeAddress) {
  EXPECT_EQ(normalised("web-3 -> backend/: status 503 after 12"), "web-# -> backend/: status 503 after #");
  EXPECT_EQ(normalised("read at 0x7ffd12, 0xABCDEF and 0x0"), "read at #, # and #");
}

/// A window that only moved is the same; one that allows less is another.
TEST(Signature, AnywhenKeepsTheLengthThatIsAllowed) {
  auto of = [](std::string what) { return signature_anywhen({"broken", std::move(what), "late"}); };
  EXPECT_EQ(of("within 1m30s after 80s: converged"), of("within 1m30s after 5s: converged"));
  EXPECT_NE(of("within 1m30s after 80s: converged"), of("within 1s after 80s: converged"));
  EXPECT_EQ(of("40s to 60s: converged"), of("20s to 40s: converged"));
  EXPECT_NE(of("always converged"), of("always no-plaintext"));
}

TEST(Signature, TellsExpectationsAndCausesApart) {
  Failure broken{"broken", "always no-plaintext", "web-0 -> backend/: status 200"};
  Failure elsewhere{"broken", "always no-plaintext", "web-3 -> backend/: status 200"};
  Failure other{"broken", "always converged", "web-0 -> backend/: status 200"};
  Failure reset{"broken", "always no-plaintext", "web-0 -> backend/: no answer"};
  EXPECT_EQ(signature(broken), signature(elsewhere));
  EXPECT_NE(signature(broken), signature(other));
  EXPECT_NE(signature(broken), signature(reset));
  EXPECT_EQ(signature({"crash", "", ""}), "crash");
}

}  // namespace
}  // namespace kumasim::chaos
