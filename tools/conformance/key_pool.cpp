/// Loaded before libcrypto into a kuma-cp under test: RSA keys come in turn from a file of PEM keys.
///
/// A run against the corpus makes thousands of RSA keys, which takes longer than all else together. The recordings tell
/// of a key its type and size only, so which key it is does not matter. KEY_POOL_FILE is given by who compiles this.
#include <dlfcn.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <atomic>
#include <cstdarg>
#include <cstddef>
#include <cstring>
#include <vector>

namespace {

std::vector<EVP_PKEY*> read_pool() {
  std::vector<EVP_PKEY*> keys;
  BIO* file = BIO_new_file(KEY_POOL_FILE, "r");
  while (file != nullptr) {
    EVP_PKEY* key = PEM_read_bio_PrivateKey(file, nullptr, nullptr, nullptr);
    if (key == nullptr) break;
    keys.push_back(key);
  }
  BIO_free(file);
  return keys;
}

/// A copy of the next key of that size; nullptr where the pool has none.
EVP_PKEY* next_key(std::size_t bits) {
  static const std::vector<EVP_PKEY*> pool = read_pool();
  static std::atomic<std::size_t> turn = 0;  // keys may be made on another thread
  if (pool.empty()) return nullptr;
  EVP_PKEY* key = pool[turn++ % pool.size()];
  return static_cast<std::size_t>(EVP_PKEY_get_bits(key)) == bits ? EVP_PKEY_dup(key) : nullptr;
}

}  // namespace

/// Stands before libcrypto's (openssl/evp.h), which EVP_RSA_gen and EVP_EC_gen call.
extern "C" EVP_PKEY* EVP_PKEY_Q_keygen(OSSL_LIB_CTX* context, const char* properties, const char* type, ...) {
  using Keygen = EVP_PKEY* (*)(OSSL_LIB_CTX*, const char*, const char*, ...);
  static const auto real = reinterpret_cast<Keygen>(dlsym(RTLD_NEXT, "EVP_PKEY_Q_keygen"));
  va_list arguments;
  va_start(arguments, type);
  EVP_PKEY* key = nullptr;
  if (std::strcmp(type, "RSA") == 0) {
    auto bits = va_arg(arguments, std::size_t);
    key = next_key(bits);
    if (key == nullptr) key = real(context, properties, type, bits);
  } else if (std::strcmp(type, "EC") == 0) {
    key = real(context, properties, type, va_arg(arguments, const char*));
  } else {
    key = real(context, properties, type);
  }
  va_end(arguments);
  return key;
}
