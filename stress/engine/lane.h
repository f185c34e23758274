/* The sanitizer that this is compiled with, if any. */
#ifndef ENGINE_LANE_H
#define ENGINE_LANE_H

/* For the preprocessor, too. */
#define NATIVE_LANE 0
#define TSAN_LANE 1
#define ASAN_LANE 2

#if defined __SANITIZE_THREAD__
#define SANITIZER_LANE TSAN_LANE
#elif defined __SANITIZE_ADDRESS__
#define SANITIZER_LANE ASAN_LANE
#elif defined __has_feature /* clang */
#if __has_feature(thread_sanitizer)
#define SANITIZER_LANE TSAN_LANE
#elif __has_feature(address_sanitizer)
#define SANITIZER_LANE ASAN_LANE
#endif
#endif
#ifndef SANITIZER_LANE
#define SANITIZER_LANE NATIVE_LANE
#endif
#define SANITIZED (SANITIZER_LANE != NATIVE_LANE)

#endif
