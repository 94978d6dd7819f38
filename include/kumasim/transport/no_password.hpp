/// The answer to OpenSSL where a PEM text turns out to be encrypted.
#pragma once

namespace kumasim {

/// There is no password, and reading fails. For every PEM_read_bio_*: without a callback OpenSSL asks on the terminal
/// and holds the process up until somebody answers (PEM_read_bio_PrivateKey(3)).
inline int no_password(char*, int, int, void*) { return -1; }

}  // namespace kumasim
