// What a fuzz target does when its property does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>

// Says which property broke where, and stops: the fuzzer then keeps the input.
#define CHECK_PROPERTY(property)                                                    \
  do {                                                                              \
    if (!(property)) {                                                              \
      std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #property); \
      std::abort();                                                                 \
    }                                                                               \
  } while (false)
