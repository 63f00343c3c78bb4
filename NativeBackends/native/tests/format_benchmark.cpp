// What Linear costs with each weight format: [24,576, 2,048] (50 million weights, more than caches hold in any format but the smallest),
// 1 row (decode), 4 rows, and 256 rows (prefill), with random codes.
//
//   xllm_native_format_benchmark [threads = 2] [instruction set = 0 (best)] [rounds = 9] [most rows = 256]
//
// Prints the best of all rounds, in processor time per thread; the formats take turns, because the rest of the machine changes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "common/tensor_view.h"
#include "xllm/abi.h"

namespace {

constexpr int kOutputs = 24576;
constexpr int kInputs = 2048;

// Processor time of the whole process: on a machine that others use as well, wall time says more about them.
double processor_seconds() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

xllm_backend* backend;

void check(xllm_status status) {
    if (status != XLLM_OK) {
        std::fprintf(stderr, "%s\n", xllm_last_error());
        std::exit(1);
    }
}

void* take(int64_t bytes) {
    void* address = nullptr;
    check(xllm_allocate(backend, bytes, &address));
    return address;
}

uint64_t seed = 1;

uint64_t random_bits() {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 32;
}

struct Format {
    const char* name;
    xllm_weight_format format;
    int column_block;       // 0: no scales
    bool zeros;
    bool ordered;
};

// Random codes without exponents that are all ones: half of the bits of every byte are enough for the speed to be that of real ones.
xllm_weight random_weight(const Format& format) {
    xllm_weight weight = {nullptr, format.format, kOutputs, kInputs, 1, format.column_block, nullptr, nullptr, nullptr};
    const int64_t bytes = xllm::row_bytes(weight) * kOutputs;
    auto* codes = static_cast<uint8_t*>(take(bytes));
    for (int64_t i = 0; i < bytes; ++i) {
        codes[i] = static_cast<uint8_t>(random_bits() & 0xBB);
    }

    weight.data = codes;
    if (format.column_block > 0) {
        const int64_t blocks = int64_t{kOutputs} * ((kInputs + format.column_block - 1) / format.column_block);
        auto* scales = static_cast<float*>(take(blocks * 4));
        std::fill_n(scales, blocks, 0.01f);
        weight.scales = scales;
        if (format.zeros) {
            auto* zeros = static_cast<uint8_t*>(take(blocks));
            std::memset(zeros, 7, static_cast<size_t>(blocks));
            weight.zeros = zeros;
        }
    }

    if (format.ordered) {
        auto* order = static_cast<int32_t*>(take(kInputs * 4));
        for (int i = 0; i < kInputs; ++i) {
            order[i] = i;
        }

        for (int i = kInputs - 1; i > 0; --i) {
            std::swap(order[i], order[random_bits() % static_cast<uint64_t>(i + 1)]);
        }

        weight.order = order;
    }

    return weight;
}

}  // namespace

int main(int argc, char** argv) {
    const xllm_options options = {argc > 1 ? std::atoi(argv[1]) : 2, argc > 2 ? std::atoi(argv[2]) : 0};
    const int rounds = argc > 3 ? std::atoi(argv[3]) : 9;
    check(xllm_backend_open("cpu", &options, &backend));
    const int most_rows = argc > 4 ? std::atoi(argv[4]) : 256;
    std::printf("%s; [%d, %d]\n", xllm_backend_description(backend), kOutputs, kInputs);

    const Format formats[] = {
        {"BF16", XLLM_WEIGHT_BF16, 0, false, false},
        {"F16", XLLM_WEIGHT_F16, 0, false, false},
        {"F8E4M3, blocks of 128", XLLM_WEIGHT_F8E4M3, 128, false, false},
        {"I8, one scale a row", XLLM_WEIGHT_I8, kInputs, false, false},
        {"I8, groups of 32, zeros", XLLM_WEIGHT_I8, 32, true, false},
        {"I4, groups of 128, zeros", XLLM_WEIGHT_I4, 128, true, false},
        {"I4, groups of 32, zeros", XLLM_WEIGHT_I4, 32, true, false},
        {"I4, groups of 128, order", XLLM_WEIGHT_I4, 128, true, true},
        {"Q8_0", XLLM_WEIGHT_Q8_0, 0, false, false},
        {"Q4_0", XLLM_WEIGHT_Q4_0, 0, false, false},
        {"Q4_K", XLLM_WEIGHT_Q4_K, 0, false, false},
        {"Q5_K", XLLM_WEIGHT_Q5_K, 0, false, false},
        {"Q6_K", XLLM_WEIGHT_Q6_K, 0, false, false},
    };
    constexpr int kRows[] = {1, 4, 256};
    std::vector<xllm_weight> weights;
    for (const Format& format : formats) {
        weights.push_back(random_weight(format));
    }

    for (const int rows : kRows) {
        if (rows > most_rows) {
            continue;
        }

        const xllm_tensor x = {take(int64_t{rows} * kInputs * 4), XLLM_F32, rows, kInputs, kInputs};
        const xllm_tensor y = {take(int64_t{rows} * kOutputs * 4), XLLM_F32, rows, kOutputs, kOutputs};
        std::fill_n(static_cast<float*>(x.data), int64_t{rows} * kInputs, 0.5f);
        std::vector<std::vector<double>> times(weights.size());
        for (int round = 0; round < rounds; ++round) {
            for (size_t i = 0; i < weights.size(); ++i) {
                const double start = processor_seconds();
                check(xllm_linear(backend, &x, &weights[i], nullptr, &y));
                times[i].push_back((processor_seconds() - start) / options.threads);
            }
        }

        double dense = 0;
        for (size_t i = 0; i < weights.size(); ++i) {
            std::sort(times[i].begin(), times[i].end());
            const double time = times[i][0];
            dense = i == 0 ? time : dense;
            std::printf("%4d rows  %-26s %8.2f ms  %6.1f GB/s  %5.2f times BF16\n", rows, formats[i].name, time * 1e3,
                        static_cast<double>(xllm::row_bytes(weights[i]) * kOutputs) / time * 1e-9, dense / time);
        }
    }

    xllm_backend_close(backend);
}
