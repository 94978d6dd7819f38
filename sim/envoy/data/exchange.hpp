/// A request and its response on one hop, and the record of the whole call that all hops write to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/envoy/call.hpp"

namespace kumasim::sim::proxy {

class End;
class HttpStream;
struct Wire;
using WirePtr = std::shared_ptr<Wire>;

struct Request {
  CallProtocol protocol = CallProtocol::http;
  std::string method;
  std::string authority;
  std::string path;
  Headers headers;
  std::string body;
  std::uint64_t more_bytes = 0;  ///< of the body that are not kept: they only take time on the way
};

struct Response {
  int status = 0;  ///< zero: the connection ended without one
  Headers headers;
  std::string body;
  bool last = false;  ///< the server closes or retires the connection after it (Connection: close, GOAWAY)
  std::uint64_t more_bytes = 0;  ///< as of a request
};

/// Shared by the client and every hop. After `closed` nothing more is written: an attempt that was given up may still
/// run.
struct CallRecord {
  CallResult result;
  bool closed = false;

  void step(const std::string& proxy, std::string_view kind, std::string name, std::string version = {}) {
    if (closed || result.why.size() >= steps_max) return;
    result.why.push_back({proxy, kind, std::move(name), std::move(version)});
  }

  static constexpr std::size_t steps_max = 256;
};
using RecordPtr = std::shared_ptr<CallRecord>;

/// One request on one connection. The client's end makes it and may give it up; the server's end answers it once.
struct Exchange {
  std::uint64_t id = 0;
  Request request;
  Response response;
  RecordPtr record;
  WirePtr wire;
  bool given_up = false;        ///< the client no longer waits
  bool reset = false;           ///< the server has heard so
  std::weak_ptr<HttpStream> stream;  ///< what a proxy at the server's end makes of it
  std::shared_ptr<void> owner;  ///< what the client's end made it for; reset when it is over
  bool first_hop = false;       ///< comes from the application itself: its proxy's flags are the call's flags
};
using ExchangePtr = std::shared_ptr<Exchange>;

}  // namespace kumasim::sim::proxy
