/// FIPS 186-4, B.3.6: primes with conditions based on auxiliary primes, with OpenSSL 3.0's numbers of rounds.
#include "kumasim/sim/rsa_key.hpp"

#include <array>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "kumasim/runtime/freed.hpp"

namespace kumasim::sim {
namespace {

using Scratch = std::unique_ptr<BN_CTX, Freed<BN_CTX_free>>;
using Montgomery = std::unique_ptr<BN_MONT_CTX, Freed<BN_MONT_CTX_free>>;

constexpr BN_ULONG exponent = 65537;
constexpr int bases_drawn = 64;  // for each prime
/// A random composite of so many bits passes one base with a probability below 2^-75 (Damgard, Landrock, Pomerance:
/// Average case error estimates for the strong probable prime test, 1993): two are tried.
constexpr int bits_sure = 600;
/// 2^256 / sqrt(2), rounded up: the least that the leading bits of a factor may be.
constexpr const char* factor_min = "B504F333F9DE6484597D89B3754ABE9F1D6F60BA893BA84CED17AC8583339916";

/// Candidates are divided by the first of them: by as many as OpenSSL takes for their size.
constexpr auto small_primes = [] {
  std::array<std::uint16_t, 384> out{2};
  std::size_t count = 1;
  for (std::uint16_t number = 3; count < out.size(); number += 2) {
    bool prime = true;
    for (std::size_t i = 1; prime && i < count && out[i] * out[i] <= number; ++i) prime = number % out[i] != 0;
    if (prime) out[count++] = number;
  }
  return out;
}();

/// OpenSSL's big numbers fail where memory does, and where `done` says so.
void require(bool done) {
  if (!done) throw std::bad_alloc();
}

class Number {
 public:
  Number() : value_(BN_new()) { require(value_ != nullptr); }
  operator BIGNUM*() const { return value_.get(); }

 private:
  std::unique_ptr<BIGNUM, Freed<BN_clear_free>> value_;
};

struct Sizes {
  int factor;     // bits
  int auxiliary;  // bits; table B.1, and FIPS 186-5's A.1 for 4096
};

Sizes sizes_of(std::uint32_t bits) {
  switch (bits) {
    case 2048: return {1024, 141};
    case 3072: return {1536, 171};
    case 4096: return {2048, 201};
    default: return {};
  }
}

/// Whether the base proves an odd number = 2^twos * odd + 1 composite (Miller and Rabin).
class MillerRabin {
 public:
  MillerRabin(const BIGNUM* number, BN_CTX* scratch)
      : number_(number), scratch_(scratch), montgomery_(BN_MONT_CTX_new()) {
    require(montgomery_ && BN_MONT_CTX_set(montgomery_.get(), number, scratch) && BN_copy(last_, number) &&
            BN_sub_word(last_, 1));
    while (!BN_is_bit_set(last_, twos_)) ++twos_;
    require(BN_rshift(odd_, last_, twos_));
  }

  bool composite(const BIGNUM* base) {
    require(BN_mod_exp_mont_consttime(power_, base, odd_, number_, scratch_, montgomery_.get()));
    if (BN_is_one(power_) || BN_cmp(power_, last_) == 0) return false;
    for (int i = 1; i < twos_; ++i) {
      require(BN_mod_sqr(power_, power_, number_, scratch_));
      if (BN_cmp(power_, last_) == 0) return false;
    }
    return true;
  }

 private:
  const BIGNUM* number_;
  BN_CTX* scratch_;
  Montgomery montgomery_;
  Number last_, odd_, power_;
  int twos_ = 0;
};

/// REQUIRES: an odd number of more than 16 bits.
bool is_prime(const BIGNUM* number, BN_CTX* scratch) {
  int bits = BN_num_bits(number);
  std::size_t divisors = bits <= 512 ? 64 : bits <= 1024 ? 128 : 384;
  for (auto prime : std::span(small_primes).subspan(1, divisors - 1))
    if (BN_mod_word(number, prime) == 0) return false;
  MillerRabin test(number, scratch);
  const int bases_tried = bits < bits_sure ? bases_drawn : 2;
  Number base, range;
  require(BN_copy(range, number) && BN_sub_word(range, 3));
  for (int i = 0; i < bases_drawn; ++i) {
    require(BN_priv_rand_range_ex(base, range, 0, scratch) && BN_add_word(base, 2));
    if (i < bases_tried && test.composite(base)) return false;
  }
  return true;
}

/// A factor and the random number that the search for it began at.
struct Factor {
  Number prime, start;
};

/// C.9: the first prime that is 1 modulo one auxiliary prime and -1 modulo the other, from a random number on.
void derive(Factor& out, const BIGNUM* first, const BIGNUM* second, int bits, BN_CTX* scratch) {
  Number least, range, twice, inverse, remainder, step;
  BIGNUM* leading = least;
  require(BN_hex2bn(&leading, factor_min) && BN_lshift(least, least, bits - 256) && BN_set_bit(range, bits) &&
          BN_sub(range, range, least));
  require(BN_lshift1(twice, first) && BN_mod_inverse(remainder, second, twice, scratch) &&
          BN_mul(remainder, remainder, second, scratch) && BN_mod_inverse(inverse, twice, second, scratch) &&
          BN_mul(inverse, inverse, twice, scratch) && BN_sub(remainder, remainder, inverse) &&
          BN_mul(step, twice, second, scratch));
  for (;;) {
    require(BN_priv_rand_range_ex(out.start, range, 0, scratch) && BN_add(out.start, out.start, least));
    require(BN_mod_sub(out.prime, remainder, out.start, step, scratch) && BN_add(out.prime, out.prime, out.start));
    for (; BN_num_bits(out.prime) <= bits; require(BN_add(out.prime, out.prime, step)))
      if (BN_mod_word(out.prime, exponent) != 1 && is_prime(out.prime, scratch)) return;
  }
}

Factor make_factor(Sizes sizes, BN_CTX* scratch) {
  Number auxiliary[2];
  for (auto& each : auxiliary)
    require(BN_priv_rand_ex(each, sizes.auxiliary, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD, 0, scratch));
  for (auto& each : auxiliary)
    while (!is_prime(each, scratch)) require(BN_add_word(each, 2));
  Factor out;
  derive(out, auxiliary[0], auxiliary[1], sizes.factor, scratch);
  return out;
}

bool far_apart(const BIGNUM* a, const BIGNUM* b, int bits) {
  Number distance;
  require(BN_sub(distance, a, b));
  return BN_num_bits(distance) > bits - 100;
}

/// The private exponent is the inverse modulo the least common multiple of p - 1 and q - 1 (SP 800-56B, 6.3.1.1).
EVP_PKEY* assemble(const BIGNUM* p, const BIGNUM* q, BN_CTX* scratch) {
  Number n, e, d, p1, q1, common, multiple, dp, dq, inverse;
  require(BN_mul(n, p, q, scratch) && BN_set_word(e, exponent) && BN_sub(p1, p, BN_value_one()) &&
          BN_sub(q1, q, BN_value_one()) && BN_gcd(common, p1, q1, scratch) && BN_mul(multiple, p1, q1, scratch) &&
          BN_div(multiple, nullptr, multiple, common, scratch) && BN_mod_inverse(d, e, multiple, scratch) &&
          BN_mod(dp, d, p1, scratch) && BN_mod(dq, d, q1, scratch) && BN_mod_inverse(inverse, q, p, scratch));
  std::unique_ptr<RSA, Freed<RSA_free>> pair(RSA_new());
  std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> out(EVP_PKEY_new());
  require(pair && out);
  // Each takes its numbers over where it succeeds, which with all of them there it does.
  require(RSA_set0_key(pair.get(), BN_dup(n), BN_dup(e), BN_dup(d)));
  require(RSA_set0_factors(pair.get(), BN_dup(p), BN_dup(q)));
  require(RSA_set0_crt_params(pair.get(), BN_dup(dp), BN_dup(dq), BN_dup(inverse)));
  require(EVP_PKEY_assign_RSA(out.get(), pair.get()));
  (void)pair.release();  // the key's now
  return out.release();
}

}  // namespace

EVP_PKEY* make_rsa_key(std::uint32_t bits) {
  Sizes sizes = sizes_of(bits);
  if (sizes.factor == 0) return nullptr;
  Scratch scratch(BN_CTX_new());
  if (!scratch) return nullptr;
  try {
    Factor p = make_factor(sizes, scratch.get()), q = make_factor(sizes, scratch.get());
    while (!far_apart(p.start, q.start, sizes.factor) || !far_apart(p.prime, q.prime, sizes.factor))
      q = make_factor(sizes, scratch.get());
    if (BN_cmp(p.prime, q.prime) < 0) std::swap(p, q);
    return assemble(p.prime, q.prime, scratch.get());
  } catch (const std::bad_alloc&) {
    ERR_clear_error();
    return nullptr;
  }
}

}  // namespace kumasim::sim
