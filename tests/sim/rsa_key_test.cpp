/// RSA keys of simulated processes are those that OpenSSL's own generator makes of the same random numbers.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "kumasim/sim/rsa_key.hpp"
#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using KeyPtr = std::shared_ptr<EVP_PKEY>;

struct Made {
  KeyPtr key;
  std::uint64_t next = 0;  // what is drawn afterwards
};

template <class Make>
Made made_by(std::uint64_t seed, Make make) {
  sim::World world({.seed = seed});
  Made out;
  out.key = KeyPtr(make(), EVP_PKEY_free);
  RAND_bytes(reinterpret_cast<unsigned char*>(&out.next), sizeof out.next);
  return out;
}

Made ours(std::uint64_t seed, std::uint32_t bits) {
  return made_by(seed, [bits] { return sim::make_rsa_key(bits); });
}

TEST(RsaKey, IsOpensslsOfTheSameNumbers) {
  if (OPENSSL_VERSION_MAJOR != 3 || OPENSSL_VERSION_MINOR != 0) GTEST_SKIP() << "later versions try fewer bases";
  for (std::uint64_t seed : {1, 2}) {
    Made mine = ours(seed, 2048);
    Made theirs = made_by(seed, [] { return EVP_RSA_gen(2048); });
    ASSERT_TRUE(mine.key && theirs.key);
    EXPECT_EQ(EVP_PKEY_eq(mine.key.get(), theirs.key.get()), 1) << seed;
    EXPECT_EQ(mine.next, theirs.next) << seed;
  }
}

TEST(RsaKey, SignsAndIsConsistent) {
  for (std::uint32_t bits : {2048u, 3072u}) {
    Made made = ours(3, bits);
    ASSERT_TRUE(made.key);
    EXPECT_EQ(EVP_PKEY_get_bits(made.key.get()), static_cast<int>(bits));
    EXPECT_EQ(RSA_check_key(EVP_PKEY_get0_RSA(made.key.get())), 1);
  }
}

TEST(RsaKey, OtherSizesAreRefused) {
  for (std::uint32_t bits : {0u, 1024u, 2047u, 8192u}) EXPECT_EQ(sim::make_rsa_key(bits), nullptr) << bits;
}

}  // namespace
}  // namespace kumasim
