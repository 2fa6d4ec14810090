#pragma once
// Marks functions that run on host and device alike.

#if defined(__CUDACC__)
#define CARBONFRONT_HD __host__ __device__
#else
#define CARBONFRONT_HD
#endif
