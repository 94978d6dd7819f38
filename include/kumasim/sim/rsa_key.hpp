/// RSA keys of simulated processes.
#pragma once

#include <cstdint>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace kumasim::sim {

/// The key that OpenSSL 3.0's generator makes of the same random numbers, and as many of them are drawn, five times as
/// fast: nobody measures how long a simulated process takes for it, so nothing here takes care to be constant in time.
/// For simulation only. The caller owns the key; nullptr where `bits` is not 2048, 3072 or 4096, or OpenSSL fails.
evp_pkey_st* make_rsa_key(std::uint32_t bits);

}  // namespace kumasim::sim
