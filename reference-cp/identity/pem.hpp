/// PEM texts taken apart as Go's encoding/pem does, with which Kuma reads certificates.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kumasim::cp {

struct PemBlock {
  std::string type;   // "CERTIFICATE", "RSA PRIVATE KEY"
  std::string bytes;  // of what was in base64; still encrypted where the block's headers say so
};

/// The blocks of a text, in their order. What is none is passed over: a beginning without its end, text around blocks,
/// a block whose end is of another type or that is not in base64. Takes time by the text's length, whatever is in it.
std::vector<PemBlock> pem_blocks(std::string_view text);

}  // namespace kumasim::cp
