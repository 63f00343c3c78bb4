using Microsoft.Win32.SafeHandles;

namespace XLLM.NativeBackends.Interop;

/// <summary>An open native backend; closed when the last user of it is gone, memory that was taken from it included.</summary>
internal sealed class BackendHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    /// <summary>Takes the address that the native side gave.</summary>
    internal void Take(nint address) => SetHandle(address);

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMethods.BackendClose(handle);
        return true;
    }
}
