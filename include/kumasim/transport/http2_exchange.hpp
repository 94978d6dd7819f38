/// One HTTP/2 stream as its user sees it: what came in, what may still go out, and who waits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kumasim/runtime/wait_list.hpp"
#include "kumasim/transport/grpc_frame.hpp"
#include "kumasim/transport/headers.hpp"

namespace kumasim {

class Http2Connection;

struct Http2Exchange {
  /// How the peer's data is taken: as one body, or as gRPC messages.
  enum class Form : std::uint8_t { body, messages };

  Http2Exchange(asio::any_io_executor executor, std::int32_t stream, Form taken_as, std::size_t message_bytes_max)
      : id(stream), form(taken_as), deframer(message_bytes_max), readable(executor), writable(executor) {}

  /// Nothing more will come in.
  bool input_over() const { return remote_ended || closed || !violation.ok(); }

  const std::int32_t id;
  const Form form;

  Headers headers;  ///< the peer's: of the request, or of the response once headers_received
  Headers trailers;
  bool headers_received = false;
  bool remote_ended = false;
  GrpcDeframer deframer;
  std::string body;
  std::size_t unconsumed = 0;  ///< bytes not given back to the peer's window yet
  std::size_t held = 0;        ///< bytes that count towards the connection's limit, until the handler has ended
  GrpcStatus violation;        ///< not ok where the peer broke a limit; its data is dropped from then on

  bool abandoned = false;  ///< nobody reads any more: what still comes is dropped

  bool headers_sent = false;
  bool ended = false;  ///< own direction

  bool closed = false;
  bool lost = false;  ///< closed because the connection ended; `why` tells
  std::uint32_t close_code = 0;
  std::string why;

  WaitList readable;
  WaitList writable;

  /// Null once the connection is over.
  Http2Connection* connection = nullptr;
};

}  // namespace kumasim
