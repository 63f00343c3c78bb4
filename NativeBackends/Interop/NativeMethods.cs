using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Interop;

/// <summary>The functions of <c>native/include/xllm/abi.h</c>, in its order. Nothing is added here; <see cref="NativeOps"/> calls them.</summary>
internal static unsafe partial class NativeMethods
{
    /// <summary>File name without prefix and ending; <see cref="NativeLibraryResolver"/> finds the file.</summary>
    internal const string Library = "xllm_native";

    /// <summary><c>XLLM_ABI_VERSION</c> that this file mirrors.</summary>
    internal const int ExpectedAbiVersion = 3;

    // The library.
    [LibraryImport(Library, EntryPoint = "xllm_abi_version")]
    internal static partial int AbiVersion();

    [LibraryImport(Library, EntryPoint = "xllm_layout")]
    internal static partial int Layout(NativeLayoutEntry** entries);

    [LibraryImport(Library, EntryPoint = "xllm_last_error")]
    internal static partial byte* LastError();

    [LibraryImport(Library, EntryPoint = "xllm_backend_count")]
    internal static partial int BackendCount();

    [LibraryImport(Library, EntryPoint = "xllm_backend_name")]
    internal static partial byte* BackendName(int index);

    [LibraryImport(Library, EntryPoint = "xllm_backend_missing")]
    internal static partial byte* BackendMissing(int index);

    // A backend.
    [LibraryImport(Library, EntryPoint = "xllm_backend_open", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial NativeStatus BackendOpen(string name, NativeOptions* options, nint* backend);

    [LibraryImport(Library, EntryPoint = "xllm_backend_close")]
    internal static partial void BackendClose(nint backend);

    [LibraryImport(Library, EntryPoint = "xllm_backend_description")]
    internal static partial byte* BackendDescription(BackendHandle backend);

    [LibraryImport(Library, EntryPoint = "xllm_backend_uses_host_memory")]
    internal static partial int BackendUsesHostMemory(BackendHandle backend);

    // Memory.
    [LibraryImport(Library, EntryPoint = "xllm_allocate")]
    internal static partial NativeStatus Allocate(BackendHandle backend, long bytes, nint* address);

    [LibraryImport(Library, EntryPoint = "xllm_free")]
    internal static partial NativeStatus Free(nint backend, nint address, long bytes);

    [LibraryImport(Library, EntryPoint = "xllm_upload")]
    internal static partial NativeStatus Upload(BackendHandle backend, void* source, nint destination, long bytes);

    [LibraryImport(Library, EntryPoint = "xllm_download")]
    internal static partial NativeStatus Download(BackendHandle backend, nint source, void* destination, long bytes);

    // Operations.
    [LibraryImport(Library, EntryPoint = "xllm_embedding")]
    internal static partial NativeStatus Embedding(BackendHandle backend, Tensor* ids, NativeWeight* table, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_rows")]
    internal static partial NativeStatus Rows(BackendHandle backend, Tensor* x, Tensor* indices, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_rms_norm")]
    internal static partial NativeStatus RmsNorm(BackendHandle backend, Tensor* x, Tensor* weight, float epsilon, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_rms_norm_heads")]
    internal static partial NativeStatus RmsNormHeads(BackendHandle backend, Tensor* x, Tensor* weight, float epsilon);

    [LibraryImport(Library, EntryPoint = "xllm_linear")]
    internal static partial NativeStatus Linear(BackendHandle backend, Tensor* x, NativeWeight* weight, Tensor* bias, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_add")]
    internal static partial NativeStatus Add(BackendHandle backend, Tensor* x, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_silu_multiply")]
    internal static partial NativeStatus SiluMultiply(BackendHandle backend, Tensor* gate, Tensor* up);

    [LibraryImport(Library, EntryPoint = "xllm_rope_angles")]
    internal static partial NativeStatus RopeAngles(BackendHandle backend, Tensor* positions, Tensor* frequencies, float scale, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_rotate")]
    internal static partial NativeStatus Rotate(BackendHandle backend, Tensor* x, Tensor* angles, int headSize, RopePairing pairing);

    [LibraryImport(Library, EntryPoint = "xllm_paged_attention")]
    internal static partial NativeStatus PagedAttention(
        BackendHandle backend, Tensor* q, Tensor* k, Tensor* v, KvLayer* kv, AttentionBatch* batch, HeadLayout* heads, float scale, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_sigmoid_multiply")]
    internal static partial NativeStatus SigmoidMultiply(BackendHandle backend, Tensor* x, Tensor* gate);

    [LibraryImport(Library, EntryPoint = "xllm_short_convolution")]
    internal static partial NativeStatus ShortConvolution(
        BackendHandle backend, Tensor* x, Tensor* weight, StateLayer* state, int firstChannel, AttentionBatch* batch, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_gated_delta_rule")]
    internal static partial NativeStatus GatedDeltaRule(
        BackendHandle backend, Tensor* q, Tensor* k, Tensor* v, Tensor* strength, Tensor* step, Tensor* logDecay, Tensor* stepBias, StateLayer* state, AttentionBatch* batch, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_choose_experts")]
    internal static partial NativeStatus ChooseExperts(BackendHandle backend, Tensor* logits, Tensor* bias, NativeExpertRouting* routing, Tensor* ids, Tensor* weights);

    [LibraryImport(Library, EntryPoint = "xllm_experts")]
    internal static partial NativeStatus Experts(BackendHandle backend, Tensor* x, Tensor* ids, Tensor* weights, NativeExpertWeights* experts, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_slice_heads")]
    internal static partial NativeStatus SliceHeads(BackendHandle backend, Tensor* x, int headSize, int first, int count, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_join_heads")]
    internal static partial NativeStatus JoinHeads(BackendHandle backend, Tensor* a, Tensor* b, int heads, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_linear_heads")]
    internal static partial NativeStatus LinearHeads(BackendHandle backend, Tensor* x, NativeWeight* weight, HeadSlice* slice, int transposed, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_latent_attention")]
    internal static partial NativeStatus LatentAttention(
        BackendHandle backend, Tensor* q, Tensor* latent, KvLayer* kv, AttentionBatch* batch, int valueColumns, float scale, Tensor* selection, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_layer_norm")]
    internal static partial NativeStatus LayerNorm(BackendHandle backend, Tensor* x, Tensor* weight, Tensor* bias, float epsilon, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_select_positions")]
    internal static partial NativeStatus SelectPositions(
        BackendHandle backend, Tensor* q, Tensor* keys, Tensor* weights, KvLayer* kv, AttentionBatch* batch, int most, float scale, Tensor* y);
}
