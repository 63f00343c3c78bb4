// Formats of GGUF files, whose blocks hold codes and scales together: Q4_0, Q8_0, Q4_K, Q5_K, Q6_K. Ops/WeightFormat.cs says what
// a code means; Reference/GgufBlocks.cs is the same one element at a time. Blocks begin at any byte. A run is a block; what the
// members of a format are, scaled_formats.h says.
#pragma once

#include "common/tensor_view.h"
#include "cpu/simd.h"

namespace xllm::cpu::XLLM_ISA {

template <int Columns, int Bytes, int Step>
struct BlockFormat {
    static constexpr int kStep = Step;
    static constexpr int64_t kStepBytes = Bytes * Step / Columns;

    using Row = const uint8_t*;

    static int64_t run_columns(const xllm_weight&) { return Columns; }
    static Row row(const xllm_weight& weight, int64_t r) { return reinterpret_cast<const uint8_t*>(weight_row(weight, r)); }
    static const uint8_t* block(Row row, int64_t number) { return row + number * Bytes; }
};

struct Q40Format : BlockFormat<32, 18, 32> {
    struct Run {
        const uint8_t* codes;
        F32x16 table;

        template <int Part>
        F32x16 load(int64_t) const {
            const Bytes16 halves = load_bytes(codes);
            return look_up(table, Part == 0 ? halves : shifted_right<4>(halves));
        }
    };

    static Run run(Row row, int64_t number, int64_t) {
        const uint8_t* b = block(row, number);
        return {b + 2, multiply(broadcast_f16(b), subtract(lane_numbers(), broadcast(8)))};
    }
};

struct Q80Format : BlockFormat<32, 34, 32> {
    struct Run {
        const uint8_t* codes;
        F32x16 scale;

        template <int Part>
        F32x16 load(int64_t) const {
            return multiply(scale, signed_to_f32(load_bytes(codes + kLanes * Part)));
        }
    };

    static Run run(Row row, int64_t number, int64_t) {
        const uint8_t* b = block(row, number);
        return {b + 2, broadcast_f16(b)};
    }
};

// Scales (0 to 7) and minima (8 to 15) of the eight runs of 32 columns of a Q4_K or Q5_K block. Of the twelve bytes, the first four have
// the scales of runs 0 to 3 in their low six bits and two bits of 4 to 7 above, the next four the minima likewise, the last four the
// other four bits of both.
struct SixBits {
    float of_run[16];

    static SixBits of(const uint8_t* block) {
        uint32_t words[3];
        std::memcpy(words, block + 4, sizeof words);
        const uint32_t codes[4] = {
            words[0] & 0x3F3F3F3Fu,
            (words[2] & 0x0F0F0F0Fu) | ((words[0] >> 2) & 0x30303030u),
            words[1] & 0x3F3F3F3Fu,
            ((words[2] >> 4) & 0x0F0F0F0Fu) | ((words[1] >> 2) & 0x30303030u),
        };
        SixBits result;
        store(result.of_run, multiply(halves_of(broadcast_f16(block), broadcast_f16(block + 2)), signed_to_f32(load_bytes(codes))));
        return result;
    }
};

struct Q4KFormat : BlockFormat<256, 144, 64> {
    struct Run {
        const uint8_t* codes;
        SixBits six;

        // 32 bytes have the codes of two runs: one in the low halves, the next one in the high halves.
        template <int Part>
        F32x16 load(int64_t at) const {
            const Bytes16 halves = load_bytes(codes + at / 2 + kLanes * (Part % 2));
            const int64_t r = at / 32 + Part / 2;
            const F32x16 table = subtract(multiply(broadcast(six.of_run[r]), lane_numbers()), broadcast(six.of_run[r + 8]));
            return look_up(table, Part < 2 ? halves : shifted_right<4>(halves));
        }
    };

    static Run run(Row row, int64_t number, int64_t) {
        const uint8_t* b = block(row, number);
        return {b + 16, SixBits::of(b)};
    }
};

// Bit r in every byte: loaded faster than made from r.
#define XLLM_SIXTEEN(x) { x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x }
alignas(16) static const uint8_t kBits[8][16] = {XLLM_SIXTEEN(1),  XLLM_SIXTEEN(2),  XLLM_SIXTEEN(4),  XLLM_SIXTEEN(8),
                                                 XLLM_SIXTEEN(16), XLLM_SIXTEEN(32), XLLM_SIXTEEN(64), XLLM_SIXTEEN(128)};
#undef XLLM_SIXTEEN

struct Q5KFormat : BlockFormat<256, 176, 64> {
    struct Run {
        const uint8_t* fifth_bits;
        SixBits six;

        template <int Part>
        F32x16 load(int64_t at) const {
            constexpr int kPlace = kLanes * (Part % 2);
            const int r = static_cast<int>(at / 32) + Part / 2;
            const Bytes16 halves = load_bytes(fifth_bits + 32 + at / 2 + kPlace);
            const Bytes16 low = masked(Part < 2 ? halves : shifted_right<4>(halves), 15);
            const Bytes16 high = masked(where_bit(load_bytes(fifth_bits + kPlace), load_bytes(kBits[r])), 16);
            return subtract(multiply(broadcast(six.of_run[r]), signed_to_f32(either(low, high))), broadcast(six.of_run[r + 8]));
        }
    };

    static Run run(Row row, int64_t number, int64_t) {
        const uint8_t* b = block(row, number);
        return {b + 16, SixBits::of(b)};
    }
};

struct Q6KFormat : BlockFormat<256, 210, 128> {
    struct Run {
        const uint8_t* bytes;
        float scales[16];

        // Half a block has 64 bytes of low halves and 32 bytes of two high bits; a quarter of that half is 32 columns.
        template <int Part>
        F32x16 load(int64_t at) const {
            constexpr int kQuarter = Part / 2;
            constexpr int kPlace = kLanes * (Part % 2);
            const Bytes16 halves = load_bytes(bytes + at / 2 + 32 * (kQuarter % 2) + kPlace);
            const Bytes16 pairs = load_bytes(bytes + 128 + at / 4 + kPlace);
            const Bytes16 low = masked(kQuarter < 2 ? halves : shifted_right<4>(halves), 15);
            Bytes16 high = pairs;
            if constexpr (kQuarter < 2) {
                high = shifted_left<4 - 2 * kQuarter>(pairs);
            } else {
                high = shifted_right<2 * kQuarter - 4>(pairs);
            }

            return multiply(broadcast(scales[at / kLanes + Part]), signed_to_f32(subtract(either(low, masked(high, 48)), 32)));
        }
    };

    static Run run(Row row, int64_t number, int64_t) {
        Run result;
        result.bytes = block(row, number);
        store(result.scales, multiply(broadcast_f16(result.bytes + 208), signed_to_f32(load_bytes(result.bytes + 192))));
        return result;
    }
};

}  // namespace xllm::cpu::XLLM_ISA
