#pragma once

// Sixteen numbers at a time, in clang's vectors: one source for AVX-512, AVX2 and NEON. What a function is marked with, CT_WIDE or
// CT_MIDDLE, decides what everything that is inlined into it becomes.

#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define CT_HAS_LANES 1

#include <cstdint>
#include <cstring>

#define CT_INLINE static inline __attribute__((always_inline))
// Of a loop over registers.
#define CT_UNROLL _Pragma("clang loop unroll(full)")

#if defined(__x86_64__)
#define CT_WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define CT_MIDDLE __attribute__((target("avx2,fma")))
#endif

namespace ctorch::simd {

// Sixteen numbers; compilers cut them to the processor's registers.
constexpr int64_t lanes = 16;
typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));
typedef uint32_t Words __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));
typedef int8_t Bytes __attribute__((vector_size(16)));

CT_INLINE void load(const float *from, Floats &to) { std::memcpy(&to, from, sizeof to); }

CT_INLINE void load(const uint16_t *from, Floats &to) {
    Halves halves;
    std::memcpy(&halves, from, sizeof halves);
    const Words words = __builtin_convertvector(halves, Words) << 16;
    std::memcpy(&to, &words, sizeof to);
}

CT_INLINE void store(const Floats &from, float *to) { std::memcpy(to, &from, sizeof from); }

// To the nearest, halves to even.
CT_INLINE void store(const Floats &from, uint16_t *to) {
    Words words;
    std::memcpy(&words, &from, sizeof words);
    words += 0x7fff + ((words >> 16) & 1);
    const Halves halves = __builtin_convertvector(words >> 16, Halves);
    std::memcpy(to, &halves, sizeof halves);
}

CT_INLINE void fill(float value, Floats &to) {
    for (int64_t lane = 0; lane < lanes; ++lane) to[lane] = value;
}

// e^x for x of at most 0: 2^n · e^r with |r| ≤ ln 2 / 2, e^r by its series to the sixth power (an error below 3e-8).
CT_INLINE void exponential(Floats &x) {
    x = x < -87.0f ? x * 0.0f - 87.0f : x;
    const float shift = 12582912.0f;  // 1.5 · 2^23: adding it rounds to whole numbers
    const Floats n = (x * 1.44269504f + shift) - shift;
    const Floats r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    Floats power = r * (1.0f / 720) + (1.0f / 120);
    power = power * r + (1.0f / 24);
    power = power * r + (1.0f / 6);
    power = power * r + 0.5f;
    power = power * r + 1.0f;
    power = power * r + 1.0f;
    const Ints exponent = (__builtin_convertvector(n, Ints) + 127) << 23;
    Floats scale;
    std::memcpy(&scale, &exponent, sizeof scale);
    x = power * scale;
}

// 1/x of a positive number, to the last bit or two: a guess from the bits, off by an eighth, and three of Newton's steps. A division
// takes four times as long.
CT_INLINE void reciprocal(Floats &x) {
    Ints bits;
    std::memcpy(&bits, &x, sizeof bits);
    bits = 0x7ef311c7 - bits;
    Floats guess;
    std::memcpy(&guess, &bits, sizeof guess);
    guess = guess * (2.0f - x * guess);
    guess = guess * (2.0f - x * guess);
    x = guess * (2.0f - x * guess);
}

CT_INLINE int64_t rounded(int64_t count, int64_t step) { return (count + step - 1) / step * step; }

CT_INLINE int64_t padded(int64_t count) { return rounded(count, lanes); }

#if defined(__x86_64__)
inline bool isWide() {
    static const bool is = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return is;
}

inline bool isMiddle() {
    static const bool is = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return is;
}
#endif

}  // namespace ctorch::simd
#endif
