using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Interop;

internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library, EntryPoint = "xllm_gelu")]
    internal static partial NativeStatus Gelu(BackendHandle backend, Tensor* x, GeluKind kind);

    [LibraryImport(Library, EntryPoint = "xllm_rope_angles_by_axis")]
    internal static partial NativeStatus RopeAnglesByAxis(BackendHandle backend, Tensor* positions, Tensor* axes, Tensor* frequencies, float scale, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_segment_attention")]
    internal static partial NativeStatus SegmentAttention(BackendHandle backend, Tensor* q, Tensor* k, Tensor* v, Tensor* starts, int heads, float scale, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_weighted_rows")]
    internal static partial NativeStatus WeightedRows(BackendHandle backend, NativeWeight* table, Tensor* indices, Tensor* weights, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_put_rows")]
    internal static partial NativeStatus PutRows(BackendHandle backend, Tensor* x, Tensor* rows, Tensor* y);

    [LibraryImport(Library, EntryPoint = "xllm_add_rows")]
    internal static partial NativeStatus AddRows(BackendHandle backend, Tensor* x, Tensor* rows, Tensor* y);
}
