#include "common/thread_pool.h"

#include <new>

namespace xllm {
namespace {

constexpr std::align_val_t kScratchAlignment{64};
constexpr uint32_t kOpen = 1u << 15;
constexpr uint32_t kInside = kOpen - 1;
constexpr uint32_t kEpoch = 1u << 16;

// About 20 microseconds on the processors at hand (a pause takes some 40 cycles on Zen 4): longer than the gap between two ops of
// a step, shorter than the price of a sleep and a wake-up, so that it costs at most about twice the best choice.
constexpr int kSpins = 1500;

// What an x86 hyper-thread or an Arm core does while it waits.
inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Waits until the state differs from the given one: first looking, then asleep.
uint32_t wait_for_change(std::atomic<uint32_t>& state, uint32_t seen) {
    for (int i = 0; i < kSpins; ++i) {
        const uint32_t now = state.load(std::memory_order_acquire);
        if (now != seen) {
            return now;
        }

        pause();
    }

    state.wait(seen, std::memory_order_acquire);
    return state.load(std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) : scratch_(static_cast<size_t>(threads)) {
    for (int thread = 1; thread < threads; ++thread) {
        workers_.emplace_back([this, thread] { work(thread); });
    }
}

ThreadPool::~ThreadPool() {
    stopping_.store(true, std::memory_order_release);
    state_.fetch_add(kEpoch, std::memory_order_acq_rel);
    state_.notify_all();
    for (std::thread& worker : workers_) {
        worker.join();
    }

    for (void* scratch : scratch_) {
        ::operator delete(scratch, kScratchAlignment);
    }

    ::operator delete(shared_scratch_, kScratchAlignment);
}

int ThreadPool::threads() const { return static_cast<int>(scratch_.size()); }

void* ThreadPool::scratch(int thread) const { return scratch_[static_cast<size_t>(thread)]; }

void ThreadPool::run(int64_t pieces, Body body, void* context) {
    if (pieces <= 1 || workers_.empty()) {
        for (int64_t piece = 0; piece < pieces; ++piece) {
            body(context, piece, 0);
        }

        return;
    }

    // 1. Nobody is inside: the job before ended so. Write the new one and open it.
    body_ = body;
    context_ = context;
    pieces_ = pieces;
    next_.store(0, std::memory_order_relaxed);
    const uint32_t epoch = (state_.load(std::memory_order_relaxed) & ~(kOpen | kInside)) + kEpoch;
    state_.store(epoch | kOpen, std::memory_order_release);
    state_.notify_all();

    // 2. Compute beside the workers, then let no more in.
    take_pieces(0);
    uint32_t state = state_.fetch_and(~kOpen, std::memory_order_acq_rel) & ~kOpen;

    // 3. Wait for those that are still inside.
    while ((state & kInside) != 0) {
        state = wait_for_change(state_, state);
    }
}

void ThreadPool::take_pieces(int thread) {
    for (;;) {
        const int64_t piece = next_.fetch_add(1, std::memory_order_relaxed);
        if (piece >= pieces_) {
            return;
        }

        body_(context_, piece, thread);
    }
}

void ThreadPool::work(int thread) {
    uint32_t state = state_.load(std::memory_order_acquire);
    for (;;) {
        if (stopping_.load(std::memory_order_acquire)) {
            return;
        }

        if ((state & kOpen) != 0 && state_.compare_exchange_strong(state, state + 1, std::memory_order_acq_rel)) {
            take_pieces(thread);

            // Nothing is left, so the job need not be entered again: close it with the same step that leaves it.
            state = state_.fetch_and(~kOpen, std::memory_order_acq_rel) & ~kOpen;
            state = state_.fetch_sub(1, std::memory_order_acq_rel) - 1;
            if ((state & (kOpen | kInside)) == 0) {
                state_.notify_all();
            }
        }

        if ((state & kOpen) == 0) {
            state = wait_for_change(state_, state);
        }
    }
}

void ThreadPool::reserve_scratch(size_t bytes) {
    if (bytes <= scratch_bytes_) {
        return;
    }

    scratch_bytes_ = 0;
    for (void*& scratch : scratch_) {
        ::operator delete(scratch, kScratchAlignment);
        scratch = nullptr;
        scratch = ::operator new(bytes, kScratchAlignment);
    }

    scratch_bytes_ = bytes;
}

void* ThreadPool::shared_scratch(size_t bytes) {
    if (bytes > shared_scratch_bytes_) {
        shared_scratch_bytes_ = 0;
        ::operator delete(shared_scratch_, kScratchAlignment);
        shared_scratch_ = nullptr;
        shared_scratch_ = ::operator new(bytes, kScratchAlignment);
        shared_scratch_bytes_ = bytes;
    }

    return shared_scratch_;
}

}  // namespace xllm
