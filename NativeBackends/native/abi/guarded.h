// Nothing throws across the C interface: exceptions become a status and words that xllm_last_error() keeps for this thread.
#pragma once

#include <exception>
#include <new>

#include "common/errors.h"
#include "xllm/abi.h"

namespace xllm {

// Keeps words for xllm_last_error(); does not throw.
void remember_error(const char* words) noexcept;

template <class F>
xllm_status guarded(F&& body) noexcept {
    try {
        body();
        return XLLM_OK;
    } catch (const InvalidArgument& error) {
        remember_error(error.what());
        return XLLM_INVALID_ARGUMENT;
    } catch (const Unsupported& error) {
        remember_error(error.what());
        return XLLM_UNSUPPORTED;
    } catch (const OutOfMemory& error) {
        remember_error(error.what());
        return XLLM_OUT_OF_MEMORY;
    } catch (const std::bad_alloc&) {
        remember_error("no memory for the scratch of an op");
        return XLLM_OUT_OF_MEMORY;
    } catch (const std::exception& error) {
        remember_error(error.what());
        return XLLM_FAILED;
    } catch (...) {
        remember_error("a fault of unknown type");
        return XLLM_FAILED;
    }
}

}  // namespace xllm
