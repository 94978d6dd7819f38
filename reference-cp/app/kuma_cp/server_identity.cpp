#include "reference-cp/app/kuma_cp/server_identity.hpp"

#include <fmt/format.h>

namespace kumasim::cp {
namespace {

Result<std::string> read(Disk& disk, const char* name) {
  auto file = disk.open(name, OpenMode::read_only);
  if (!file) return fail(file.error());
  auto size = (*file)->size();
  if (!size) return fail(size.error());
  std::string out(*size, '\0');
  auto got = (*file)->read(0, std::as_writable_bytes(std::span(out.data(), out.size())));
  if (!got) return fail(got.error());
  out.resize(*got);
  return out;
}

Result<> write(Disk& disk, const char* name, const std::string& text) {
  auto file = disk.open(name, OpenMode::create_or_open);
  if (!file) return fail(file.error());
  if (auto done = (*file)->truncate(0); !done) return done;
  if (auto done = (*file)->write(0, std::as_bytes(std::span(text.data(), text.size()))); !done) return done;
  return (*file)->sync();
}

}  // namespace

Result<TlsIdentity> server_identity(const Runtime& runtime, const std::vector<std::string>& hosts, KeySpec key) {
  auto certificate = read(runtime.disk, server_certificate_file);
  auto private_key = read(runtime.disk, server_key_file);
  if (certificate && private_key && !certificate->empty() && !private_key->empty()) {
    if (auto fits = check_pair({*certificate, *private_key}); !fits)
      return fail(Code::data_loss, fmt::format("{} and {} in the work directory do not fit: {}",
                                               server_certificate_file, server_key_file, fits.error().message));
    return TlsIdentity{*certificate, *private_key};
  }
  auto pair = make_server({.hosts = hosts, .key = key, .now = runtime.clock.wall_now()}, runtime.random);
  if (!pair) return fail(pair.error());
  // The key first: a certificate alone is not taken for a pair.
  if (auto done = write(runtime.disk, server_key_file, pair->key_pem); !done) return fail(done.error());
  if (auto done = write(runtime.disk, server_certificate_file, pair->certificate_pem); !done) return fail(done.error());
  runtime.log.info("kuma-cp", "server certificate made",
                   {{"certificate", server_certificate_file}, {"key", server_key_file}});
  return TlsIdentity{pair->certificate_pem, pair->key_pem};
}

}  // namespace kumasim::cp
