using System.Buffers;
using System.Collections.Concurrent;
using ZstdSharp;

namespace XLLM.Silo.Transfer.Forms;

/// <summary>The bytes of each place within an element together (all sign-and-exponent bytes are alike), then Zstandard at its fastest level, a frame for each place. Exact.</summary>
/// <remarks>
/// A frame has a code of its own: in one frame the noise of the lower bytes and the few values of the upper one share a code, which was larger and half as fast
/// (tests/Benchmarks -- kv-forms). Frames one after the other are read as one, so what was stored in a single frame is read too.
/// </remarks>
/// <param name="elementBytes">Bytes of an element: 4 for F32, 2 for BF16, 1 leaves the order as it is.</param>
internal sealed class ZstdForm(int elementBytes) : IKvForm, IDisposable
{
    /// <summary>Keys and values are noise in their lower bytes: higher levels were 3 to 10 times slower for under 2 % of size.</summary>
    private const int Level = 1;

    // Both hold hundreds of KiB of state and are used by one thread at a time.
    private readonly ConcurrentBag<Compressor> _compressors = [];
    private readonly ConcurrentBag<Decompressor> _decompressors = [];

    /// <inheritdoc/>
    public KvForm Kind => KvForm.Zstd;

    /// <inheritdoc/>
    public int Bound(int rawBytes) => elementBytes * Compressor.GetCompressBound(rawBytes / elementBytes);

    /// <inheritdoc/>
    public int Encode(ReadOnlySpan<byte> raw, Span<byte> destination)
    {
        var planes = ArrayPool<byte>.Shared.Rent(raw.Length);
        var compressor = _compressors.TryTake(out var kept) ? kept : new Compressor(Level);
        try
        {
            BytePlanes.Split(raw, elementBytes, planes.AsSpan(0, raw.Length));
            var (plane, written) = (raw.Length / elementBytes, 0);
            for (var place = 0; place < elementBytes; place++)
            {
                written += compressor.Wrap(planes.AsSpan(place * plane, plane), destination[written..]);
            }

            return written;
        }
        finally
        {
            _compressors.Add(compressor);
            ArrayPool<byte>.Shared.Return(planes);
        }
    }

    /// <inheritdoc/>
    public bool TryDecode(ReadOnlySpan<byte> payload, Span<byte> raw)
    {
        var planes = ArrayPool<byte>.Shared.Rent(raw.Length);
        var decompressor = _decompressors.TryTake(out var kept) ? kept : new Decompressor();
        try
        {
            if (decompressor.Unwrap(payload, planes.AsSpan(0, raw.Length)) != raw.Length)
            {
                return false;
            }

            BytePlanes.Join(planes.AsSpan(0, raw.Length), elementBytes, raw);
            return true;
        }
        catch (ZstdException)
        {
            return false;
        }
        finally
        {
            _decompressors.Add(decompressor);
            ArrayPool<byte>.Shared.Return(planes);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var compressor in _compressors)
        {
            compressor.Dispose();
        }

        foreach (var decompressor in _decompressors)
        {
            decompressor.Dispose();
        }
    }
}
