/// The deleter of what a C library made.
#pragma once

namespace kumasim {

/// Frees by one of the library's functions: std::unique_ptr<BIO, Freed<BIO_free>>.
template <auto function>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    function(pointer);
  }
};

}  // namespace kumasim
