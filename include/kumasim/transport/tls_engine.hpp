/// One TLS connection without I/O: bytes of the network in and out, plain bytes in and out.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kumasim/transport/tls.hpp"

namespace kumasim {

class TlsEngine {
 public:
  enum class Step : std::uint8_t {
    done,
    want_input,  ///< feed() more, then call again
    closed,      ///< the peer ended its direction properly
    failed,      ///< error() says why; output() may hold an alert
  };

  /// `now` is the time at which certificates are judged.
  TlsEngine(const TlsContext& context, WallTime now, const std::string& server_name);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;
  ~TlsEngine();

  Step handshake();
  /// Plain bytes into `into`; `count` says how many, also where more input is wanted.
  Step read(std::span<std::byte> into, std::size_t& count);
  /// Takes all of `from` (at most record_bytes_max) as one record.
  Step write(std::span<const std::byte> from);
  /// Queues close_notify.
  void shutdown();

  void feed(std::string_view ciphertext);
  /// So much is about to be written: makes room for it at once.
  void expect_output(std::size_t plain_bytes);
  /// Moves what must be sent to the end of `out`.
  void take_output(std::string& out);

  error_code error() const { return error_; }
  /// REQUIRES: the handshake is done.
  TlsPeer peer() const;

  static constexpr std::size_t record_bytes_max = 16384;

  struct Wire;

 private:
  Step judge(int result);

  struct Handle;
  std::unique_ptr<Handle> handle_;
  TlsContext context_;
  error_code error_;
};

}  // namespace kumasim
