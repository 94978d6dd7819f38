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
