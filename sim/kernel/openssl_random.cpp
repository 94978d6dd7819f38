/// OpenSSL's random method, routed to the world that runs on the calling thread.
#define OPENSSL_SUPPRESS_DEPRECATED  // a RAND_METHOD is what can be set without a provider of our own
#include "kumasim/sim/openssl_random.hpp"

#include <algorithm>
#include <vector>

#include <openssl/rand.h>

namespace kumasim::sim {
namespace {

std::vector<OpensslRandom*>& sources() {
  thread_local std::vector<OpensslRandom*> list;
  return list;
}

int draw(unsigned char* bytes, int count) {
  if (sources().empty()) return RAND_OpenSSL()->bytes(bytes, count);
  sources().back()->source().fill({reinterpret_cast<std::byte*>(bytes), static_cast<std::size_t>(count)});
  return 1;
}

int seed(const void* bytes, int count) { return sources().empty() ? RAND_OpenSSL()->seed(bytes, count) : 1; }
int add(const void* bytes, int count, double entropy) {
  return sources().empty() ? RAND_OpenSSL()->add(bytes, count, entropy) : 1;
}
int status() { return sources().empty() ? RAND_OpenSSL()->status() : 1; }

const RAND_METHOD method{seed, draw, nullptr, add, draw, status};

}  // namespace

OpensslRandom::OpensslRandom(std::function<Random&()> source) : source_(std::move(source)) {
  RAND_set_rand_method(&method);
  sources().push_back(this);
}

OpensslRandom::~OpensslRandom() { std::erase(sources(), this); }

void OpensslRandom::activate() {
  auto& list = sources();
  if (list.back() == this) return;
  std::erase(list, this);
  list.push_back(this);
}

}  // namespace kumasim::sim
