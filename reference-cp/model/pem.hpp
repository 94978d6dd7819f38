/// PEM texts taken apart as Go's encoding/pem does, with which Kuma reads certificates.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kumasim::cp {

struct PemBlock {
  std::string type;    // "CERTIFICATE", "RSA PRIVATE KEY"
  std::string base64;  // can be decoded, and has no blanks; the bytes are encrypted where the block's headers say so
};

/// Gives the blocks of a text, in their order. What is none is passed over: a beginning without its end, text around
/// blocks, a block whose end is of another type or that is not in base64. Reading all takes time by the text's length,
/// whatever is in it.
class PemReader {
 public:
  /// The text must outlive the reader.
  explicit PemReader(std::string_view text) : text_(text) {}

  /// nullopt where no block is left.
  std::optional<PemBlock> next();

 private:
  std::string_view text_;
  std::size_t from_ = 0;
};

}  // namespace kumasim::cp
