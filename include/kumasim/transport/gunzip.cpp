#include "kumasim/transport/gunzip.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include <zlib.h>

namespace kumasim {
namespace {

/// zlib.h: 15 is the largest window, 16 more ask for gzip and nothing else.
constexpr int window_bits = 15 + 16;

/// Room is taken as it is filled: a few bytes may claim to be many.
constexpr std::size_t step_bytes = 16 * 1024;

struct Inflation {
  z_stream stream{};
  ~Inflation() { inflateEnd(&stream); }
};

}  // namespace

Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) return fail(Code::resource_exhausted, "gzip: too large");
  Inflation inflation;
  z_stream& stream = inflation.stream;
  // zlib's interface is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  if (inflateInit2(&stream, window_bits) != Z_OK) return fail(Code::resource_exhausted, "gzip: no memory");
  std::string out;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    std::size_t before = out.size();
    // One byte beyond the limit tells what is too large from what fits.
    out.resize(std::min(before + std::max(step_bytes, before), bytes_max + 1));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > bytes_max)
      return fail(Code::resource_exhausted, "gzip: larger than max (" + std::to_string(bytes_max) + ")");
    if (state != Z_OK && state != Z_STREAM_END) return fail(Code::data_loss, "gzip: broken");
  }
  if (stream.avail_in > 0) return fail(Code::data_loss, "gzip: more after the end");
  return out;
}

}  // namespace kumasim
