// What the ops cost, in the shape of Qwen3-0.6B (hidden 1,024; 28 layers; 16 query and 8 KV heads of 128; intermediate 3,072;
// vocabulary 151,936) with random bf16 weights: whole steps through the C interface, and each op's share.
//
//   xllm_native_benchmark [threads = 2] [instruction set = 0 (best)] [rounds = 3]
//
// Prints medians. The machine's multiply-add peak is measured beside them, because absolute numbers move with what else runs; so does
// wall time, but hardly the processor time, by which one thread can be judged on a busy machine.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "xllm/abi.h"

namespace {

constexpr int kHidden = 1024;
constexpr int kLayers = 28;
constexpr int kQueryHeads = 16;
constexpr int kKvHeads = 8;
constexpr int kHeadSize = 128;
constexpr int kIntermediate = 3072;
constexpr int kVocabulary = 151936;
constexpr int kBlockTokens = 16;

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }

// Of all threads of this process.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

xllm_backend* backend;
std::map<std::string, double> spent;

void check(xllm_status status, const char* op, double start) {
    if (status != XLLM_OK) {
        std::fprintf(stderr, "%s: %s\n", op, xllm_last_error());
        std::exit(1);
    }

    spent[op] += processor_seconds() - start;
}

#define RUN(op, ...) check(xllm_##op(backend, __VA_ARGS__), #op, start)

void* take(int64_t bytes) {
    void* address = nullptr;
    check(xllm_allocate(backend, bytes, &address), "allocate", processor_seconds());
    return address;
}

uint64_t seed = 1;

// Uniform in [-1, 1), times the scale.
float random_number(float scale) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (static_cast<float>(seed >> 40) / static_cast<float>(1 << 23) - 1) * scale;
}

xllm_weight random_weight(int rows, int columns) {
    const int64_t count = int64_t{rows} * columns;
    auto* data = static_cast<uint16_t*>(take(count * 2));
    for (int64_t i = 0; i < count; ++i) {
        const float value = random_number(0.05f);
        uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        data[i] = static_cast<uint16_t>(bits >> 16);
    }

    return {data, XLLM_WEIGHT_BF16, rows, columns, 0, 0, nullptr, nullptr, nullptr};
}

xllm_tensor tensor(int dtype, int rows, int columns) { return {take(int64_t{rows} * columns * 4), dtype, rows, columns, columns}; }

struct Layer {
    xllm_weight q, k, v, o, gate, up, down;
};

struct Model {
    std::vector<Layer> layers;
    xllm_weight embedding;
    xllm_tensor norm, head_norm, frequencies;
    std::vector<xllm_kv_layer> kv;

    explicit Model(int blocks) {
        for (int i = 0; i < kLayers; ++i) {
            layers.push_back({random_weight(kQueryHeads * kHeadSize, kHidden), random_weight(kKvHeads * kHeadSize, kHidden),
                              random_weight(kKvHeads * kHeadSize, kHidden), random_weight(kHidden, kQueryHeads * kHeadSize),
                              random_weight(kIntermediate, kHidden), random_weight(kIntermediate, kHidden),
                              random_weight(kHidden, kIntermediate)});
        }

        embedding = random_weight(kVocabulary, kHidden);
        norm = tensor(XLLM_F32, 1, kHidden);
        head_norm = tensor(XLLM_F32, 1, kHeadSize);
        frequencies = tensor(XLLM_F32, 1, kHeadSize / 2);
        std::fill_n(static_cast<float*>(norm.data), kHidden, 1.0f);
        std::fill_n(static_cast<float*>(head_norm.data), kHeadSize, 1.0f);
        for (int i = 0; i < kHeadSize / 2; ++i) {
            static_cast<float*>(frequencies.data)[i] = 1.0f / static_cast<float>(1 + i * i);
        }

        const int64_t vectors = int64_t{kKvHeads} * kBlockTokens * kHeadSize * 2;
        char* pool = static_cast<char*>(take(int64_t{blocks} * kLayers * 2 * vectors));
        for (int i = 0; i < kLayers; ++i) {
            kv.push_back(
                {pool, XLLM_BF16, kBlockTokens, kKvHeads, kHeadSize, kLayers * 2 * vectors, 2 * i * vectors, (2 * i + 1) * vectors});
        }
    }
};

// Buffers of a step of some sequences with some rows each at some depth.
struct Step {
    int sequences, rows_each, depth, rows;
    xllm_tensor ids, positions, last, x, normed, q, k, v, mixed, projected, gate, up, angles, final_x, logits;
    xllm_attention_batch batch;

    Step(int sequences_, int rows_each_, int depth_)
        : sequences(sequences_), rows_each(rows_each_), depth(depth_), rows(sequences_ * rows_each_) {
        ids = tensor(XLLM_I32, 1, rows);
        positions = tensor(XLLM_I32, 1, rows);
        last = tensor(XLLM_I32, 1, sequences);
        x = tensor(XLLM_F32, rows, kHidden);
        normed = tensor(XLLM_F32, rows, kHidden);
        q = tensor(XLLM_F32, rows, kQueryHeads * kHeadSize);
        k = tensor(XLLM_F32, rows, kKvHeads * kHeadSize);
        v = tensor(XLLM_F32, rows, kKvHeads * kHeadSize);
        mixed = tensor(XLLM_F32, rows, kQueryHeads * kHeadSize);
        projected = tensor(XLLM_F32, rows, kHidden);
        gate = tensor(XLLM_F32, rows, kIntermediate);
        up = tensor(XLLM_F32, rows, kIntermediate);
        angles = tensor(XLLM_F32, rows, kHeadSize);
        final_x = tensor(XLLM_F32, sequences, kHidden);
        logits = tensor(XLLM_F32, sequences, kVocabulary);

        const int context = depth + rows_each;
        const int blocks = (context + kBlockTokens - 1) / kBlockTokens;
        batch = {tensor(XLLM_I32, 1, sequences + 1), tensor(XLLM_I32, 1, sequences), tensor(XLLM_I32, sequences, blocks),
                 tensor(XLLM_I32, 1, rows)};
        for (int s = 0; s < sequences; ++s) {
            static_cast<int32_t*>(batch.row_starts.data)[s + 1] = (s + 1) * rows_each;
            static_cast<int32_t*>(batch.context_lengths.data)[s] = context;
            static_cast<int32_t*>(last.data)[s] = (s + 1) * rows_each - 1;
            for (int b = 0; b < blocks; ++b) {
                static_cast<int32_t*>(batch.block_tables.data)[s * blocks + b] = s * blocks + b;
            }

            for (int r = 0; r < rows_each; ++r) {
                const int row = s * rows_each + r;
                static_cast<int32_t*>(ids.data)[row] = (row * 7919) % kVocabulary;
                static_cast<int32_t*>(positions.data)[row] = depth + r;
                static_cast<int32_t*>(batch.slots.data)[row] = s * blocks * kBlockTokens + depth + r;
            }
        }
    }

    double run(const Model& model) {
        const xllm_head_layout heads = {kQueryHeads, kKvHeads, kHeadSize};
        const Clock::time_point begin = Clock::now();
        double start = 0;
        const auto timed = [&](auto&& op) {
            start = processor_seconds();
            op();
        };
        timed([&] { RUN(embedding, &ids, &model.embedding, &x); });
        timed([&] { RUN(rope_angles, &positions, &model.frequencies, 1.0f, &angles); });
        for (int i = 0; i < kLayers; ++i) {
            const Layer& layer = model.layers[i];
            timed([&] { RUN(rms_norm, &x, &model.norm, 1e-6f, &normed); });
            timed([&] { RUN(linear, &normed, &layer.q, nullptr, &q); });
            timed([&] { RUN(linear, &normed, &layer.k, nullptr, &k); });
            timed([&] { RUN(linear, &normed, &layer.v, nullptr, &v); });
            timed([&] { RUN(rms_norm_heads, &q, &model.head_norm, 1e-6f); });
            timed([&] { RUN(rms_norm_heads, &k, &model.head_norm, 1e-6f); });
            timed([&] { RUN(rotate, &q, &angles, kHeadSize, XLLM_ROPE_HALVES); });
            timed([&] { RUN(rotate, &k, &angles, kHeadSize, XLLM_ROPE_HALVES); });
            timed([&] { RUN(paged_attention, &q, &k, &v, &model.kv[i], &batch, &heads, 0.088f, &mixed); });
            timed([&] { RUN(linear, &mixed, &layer.o, nullptr, &projected); });
            timed([&] { RUN(add, &x, &projected); });
            timed([&] { RUN(rms_norm, &x, &model.norm, 1e-6f, &normed); });
            timed([&] { RUN(linear, &normed, &layer.gate, nullptr, &gate); });
            timed([&] { RUN(linear, &normed, &layer.up, nullptr, &up); });
            timed([&] { RUN(silu_multiply, &gate, &up); });
            timed([&] { RUN(linear, &gate, &layer.down, nullptr, &projected); });
            timed([&] { RUN(add, &x, &projected); });
        }

        timed([&] { RUN(rows, &x, &last, &final_x); });
        xllm_tensor final_normed = {normed.data, XLLM_F32, sequences, kHidden, kHidden};
        timed([&] { RUN(rms_norm, &final_x, &model.norm, 1e-6f, &final_normed); });
        timed([&] { RUN(linear, &final_normed, &model.embedding, nullptr, &logits); });
        return seconds(begin);
    }
};

#if defined(__x86_64__)
__attribute__((target("avx512f"))) void multiply_add_loop(int64_t count) {
    typedef float V __attribute__((vector_size(64)));
    V sums[12] = {};
    V a, b;
    for (int i = 0; i < 16; ++i) {
        a[i] = 0.5f;
        b[i] = 1.0f;
    }

    for (int64_t n = 0; n < count; ++n) {
        for (int i = 0; i < 12; ++i) {
            asm volatile("vfmadd231ps %1, %2, %0" : "+v"(sums[i]) : "v"(a), "v"(b));
        }
    }
}

// GFLOP/s of that many threads at once.
double multiply_add_peak(int threads) {
    if (!__builtin_cpu_supports("avx512f")) {
        return 0;
    }

    constexpr int64_t kCount = 10'000'000;
    const Clock::time_point start = Clock::now();
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
        running.emplace_back(multiply_add_loop, kCount);
    }

    for (std::thread& thread : running) {
        thread.join();
    }

    return threads * 12.0 * 16 * 2 * kCount / seconds(start) * 1e-9;
}
#else
double multiply_add_peak(int) { return 0; }
#endif

}  // namespace

int main(int argc, char** argv) {
    const xllm_options options = {argc > 1 ? std::atoi(argv[1]) : 2, argc > 2 ? std::atoi(argv[2]) : 0};
    const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
    check(xllm_backend_open("cpu", &options, &backend), "open", processor_seconds());
    std::printf("%s\n", xllm_backend_description(backend));

    const Model model(1024);
    struct Case {
        const char* name;
        Step step;
        double gigaflop_per_row;
    };
    Case cases[] = {
        {"prefill 512", Step(1, 512, 0), 0.88},          {"decode at 512", Step(1, 1, 512), 1.19},
        {"decode at 2,560", Step(1, 1, 2560), 1.19},     {"decode of 4 at 128", Step(4, 1, 128), 1.19},
        {"decode of 16 at 128", Step(16, 1, 128), 1.19}, {"decode of 32 at 128", Step(32, 1, 128), 1.19},
    };
    for (Case& each : cases) {
        std::vector<double> times, processor_times, peaks;
        each.step.run(model);
        spent.clear();
        const int repeats = each.step.rows > 100 ? rounds : 5 * rounds;
        for (int i = 0; i < repeats; ++i) {
            if (i % 5 == 0) {
                peaks.push_back(multiply_add_peak(options.threads));
            }

            const double start = processor_seconds();
            times.push_back(each.step.run(model));
            processor_times.push_back(processor_seconds() - start);
        }

        const double time = median(times);
        const double processor_time = median(processor_times);
        std::printf(
            "%-20s %7.1f tokens/s  %8.2f ms  %5.1f GFLOP/s (peak %5.1f)  %4.1f GB/s;  processor time %8.2f ms, of one thread %5.1f "
            "GFLOP/s, %4.1f GB/s\n",
            each.name, each.step.rows / time, time * 1e3, each.gigaflop_per_row * each.step.rows / time, median(peaks), 1.19 / time,
            processor_time * 1e3, each.gigaflop_per_row * each.step.rows / processor_time, 1.19 / processor_time);
        for (const auto& [op, total] : spent) {
            const double share = total / repeats;
            if (share > 0.01 * processor_time) {
                std::printf("    %-18s %8.2f ms of processor time\n", op.c_str(), share * 1e3);
            }
        }
    }

    xllm_backend_close(backend);
}
