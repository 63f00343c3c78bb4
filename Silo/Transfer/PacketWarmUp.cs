using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;
using XLLM.Silo.Transfer.Forms;

namespace XLLM.Silo.Transfer;

/// <summary>Seals and opens packets of noise until the runtime has compiled that code for speed, so that the first prompts after a restart do not find it slow.</summary>
/// <remarks>
/// The runtime compiles without optimizing first, and again once a method was called 30 times and nothing new was compiled for 100 ms, which a server that has just
/// started puts off for many seconds: unpacking a Zstandard block of 128 KiB then takes 2 to 7 ms instead of 0.1 (measured; with DOTNET_TieredCompilation=0 at once).
/// </remarks>
/// <param name="form">In which form blocks are kept here.</param>
/// <param name="blockBytes">Bytes of a KV block in the pool; of a large one a part is enough.</param>
internal sealed class PacketWarmUp(IKvForm form, int blockBytes)
{
    /// <summary>Time between two rounds: 5 s for all of them, in which the start has come to rest. A round takes about 0.1 ms in the end, 3 ms before.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private const int Rounds = 500;
    private const int MostBytes = 64 << 10;

    private static readonly KvBlockName Name = new(new PrefixHash(0, 0), 0);
    private static readonly LayoutFingerprint Layout = LayoutFingerprint.Of("warm-up");

    private readonly byte[] _noise = Noise(Math.Min(blockBytes, MostBytes));
    private readonly byte[] _packet = new byte[KvPacket.HeaderBytes + form.Bound(Math.Min(blockBytes, MostBytes))];
    private readonly byte[] _back = new byte[Math.Min(blockBytes, MostBytes)];
    private int _rounds;

    /// <summary>Whether enough was done.</summary>
    public bool IsDone => _rounds >= Rounds;

    /// <summary>One round.</summary>
    /// <returns>Whether what came back is what went in; int8 rounds, so there nothing is compared.</returns>
    public bool Run()
    {
        _rounds++;
        var length = form.Encode(_noise, _packet.AsSpan(KvPacket.HeaderBytes));
        KvPacket.Seal(_packet, new KvPacketHeader(form.Kind, Name, _noise.Length, length), Layout);
        return KvPacket.TryOpen(_packet, Layout, out var header)
            && form.TryDecode(_packet.AsSpan(KvPacket.HeaderBytes, header.PayloadBytes), _back)
            && (form.Kind == KvForm.Int8 || _back.AsSpan().SequenceEqual(_noise));
    }

    /// <summary>Small numbers in F32 of either sign, the second half as the first: noise for entropy coding, and matches too.</summary>
    private static byte[] Noise(int bytes)
    {
        var random = new Random(1);
        var noise = new byte[bytes];
        for (var i = 0; i + sizeof(float) <= bytes; i += sizeof(float))
        {
            var half = bytes / 2 / sizeof(float) * sizeof(float);
            var value = i < half ? (float)(random.NextDouble() - random.NextDouble()) : BitConverter.ToSingle(noise, i - half);
            BitConverter.TryWriteBytes(noise.AsSpan(i), value);
        }

        return noise;
    }
}
