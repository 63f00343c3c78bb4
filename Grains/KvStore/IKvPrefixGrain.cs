namespace XLLM.Grains.KvStore;

/// <summary>At most <see cref="KvPieces.MostBytes"/> of a run of KV blocks, kept by grain storage. Key: "layout/run/piece".</summary>
[Alias("xllm.kv-prefix"), GrainInterfaceType("xllm.kv-prefix")]
internal interface IKvPrefixGrain : IGrainWithStringKey
{
    /// <summary>Stores the piece, in the place of what was there.</summary>
    [Alias("write")]
    Task WriteAsync(KvPiece piece);

    /// <summary>The piece; null if there is none.</summary>
    [Alias("read")]
    Task<KvPiece?> ReadAsync();

    /// <summary>Deletes it; nothing happens if there is none.</summary>
    [Alias("delete")]
    Task DeleteAsync();
}

/// <summary>Bytes of a run.</summary>
/// <param name="Bytes">Never changed after it was made, so one process passes it by reference.</param>
[GenerateSerializer, Immutable, Alias("xllm.kv-piece")]
internal sealed record KvPiece([property: Id(0)] byte[] Bytes);

/// <summary>How a run is cut.</summary>
internal static class KvPieces
{
    /// <summary>Most bytes of a piece. Grain storage reads and writes states whole, and messages above this hold up the others (measured: decision D8).</summary>
    public const int MostBytes = 1 << 20;

    /// <summary>Pieces of a run.</summary>
    public static int Count(long bytes) => checked((int)((bytes + MostBytes - 1) / MostBytes));

    /// <summary>Bytes of a piece of a run.</summary>
    public static int Bytes(long runBytes, int piece) => (int)Math.Min(MostBytes, runBytes - ((long)piece * MostBytes));
}
