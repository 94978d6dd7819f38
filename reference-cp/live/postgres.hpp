/// Connections to PostgreSQL: libpq without blocking, its socket watched by the executor.
#pragma once

#include <memory>
#include <string>

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/timer.hpp"
#include "reference-cp/store/database.hpp"

namespace kumasim::live {

struct PostgresOptions {
  std::string host;  ///< a path beginning with '/' is the folder of a Unix socket
  std::uint16_t port = 5432;
  std::string user = {}, password = {}, database = {};
  std::string tls_mode = "disable";  ///< as libpq's sslmode: disable, require, verify-ca, verify-full
  std::string certificate_path = {}, key_path = {}, authority_path = {};
  bool tls_server_name = true;
  Duration connect_timeout = std::chrono::seconds(5);
  Duration statement_timeout = std::chrono::seconds(15);
};

/// `timers` must outlive it. Names are resolved on the executor too.
std::unique_ptr<cp::Database> make_postgres(asio::any_io_executor executor, Timers& timers, PostgresOptions options);

}  // namespace kumasim::live
