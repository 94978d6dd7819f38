/// A TlsEngine whose handshake is done, as the implementation of a Stream.
#pragma once

#include <memory>

#include "kumasim/runtime/stream.hpp"
#include "kumasim/transport/tls_engine.hpp"

namespace kumasim {

class TlsStream : public StreamImpl {
 public:
  TlsStream(Stream below, std::unique_ptr<TlsEngine> engine);
  ~TlsStream() override;

  void read(MutableBuffers buffers, Operation operation) override;
  void write(ConstBuffers buffers, Operation operation) override;
  /// Sends close_notify, then ends the direction of the stream below.
  void shutdown_send() override;
  void close() override;
  Address local() const override;
  Address remote() const override;

  std::shared_ptr<const TlsPeer> peer() const;

 private:
  struct State;
  /// Shared with the operations below, which complete after the stream may be gone.
  std::shared_ptr<State> state_;
};

}  // namespace kumasim
