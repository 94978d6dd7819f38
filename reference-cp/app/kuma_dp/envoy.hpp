/// The Envoy executable: where it is, which version, how it is started.
#pragma once

#include <string>
#include <vector>

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/error.hpp"
#include "reference-cp/app/kuma_dp/config.hpp"

namespace kumasim::dp {

struct EnvoyVersion {
  std::string build;  ///< revision/version/status/type/TLS library
  std::string version;
};

/// In PATH or at the configured path, else `envoy` in the current directory.
Result<std::string> find_envoy(const std::string& binary_path);

/// data_loss where the text of `envoy --version` has another form than Envoy's.
Result<EnvoyVersion> parse_envoy_version(std::string_view output);

/// Runs it with --version; `scratch` is a directory for its output.
asio::awaitable<Result<EnvoyVersion>> ask_envoy_version(std::string program, std::string scratch);

/// As Kuma starts it; without hot restart, so that several can run on one machine.
std::vector<std::string> envoy_arguments(const Config& config, const std::string& bootstrap_path);

}  // namespace kumasim::dp
