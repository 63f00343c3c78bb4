// Every piece of every job is done once, for any number of threads, with pauses in which the workers fall asleep.
// Worth building with -fsanitize=thread after a change of the pool.
#include "common/thread_pool.h"

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

int main() {
    for (const int threads : {1, 2, 3, 8}) {
        xllm::ThreadPool pool(threads);
        std::vector<long> done(64);
        std::vector<long> expected(64);
        for (int job = 0; job < 20000; ++job) {
            const int pieces = job % 37;
            xllm::for_each(pool, pieces, [&](int64_t piece, int) { done[static_cast<size_t>(piece)] += 1; });
            for (int piece = 0; piece < pieces; ++piece) {
                expected[static_cast<size_t>(piece)] += 1;
            }

            if (job % 5000 == 0) {
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
        }

        if (done != expected) {
            std::fprintf(stderr, "%d threads: a piece was lost or done twice\n", threads);
            return 1;
        }
    }
}
