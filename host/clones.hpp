#pragma once
// CARBONFRONT_CLONES compiles a function for several instruction sets; the loader picks the best one the machine has.
// Empty where the compiler cannot, and under sanitizers, whose runtimes are not ready when the loader asks.

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define CARBONFRONT_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define CARBONFRONT_CLONES
#endif

// Where a file is compiled once for every instruction set instead, with `#pragma GCC target`, and the program chooses.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CARBONFRONT_TILE_PATHS
#endif

// Marks what a cloned function must inline, so that it is compiled for the same instruction set.
#define CARBONFRONT_INLINE __attribute__((always_inline)) inline
