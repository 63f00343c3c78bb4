namespace XLLM.NativeBackends.Ops;

/// <summary>How <see cref="WeightFormat.I4"/> keeps two codes in a byte.</summary>
public static class Int4
{
    /// <summary>Columns of a unit.</summary>
    public const int UnitColumns = 32;

    /// <summary>Bytes of a unit.</summary>
    public const int UnitBytes = UnitColumns / 2;

    /// <summary>Packs a row.</summary>
    /// <param name="codes">0 to 15 each; higher bits are not looked at.</param>
    /// <param name="packed">The bytes of a row of so many columns; overwritten.</param>
    public static void PackRow(ReadOnlySpan<byte> codes, Span<byte> packed)
    {
        for (var unit = 0; unit * UnitColumns < codes.Length; unit++)
        {
            var from = codes[(unit * UnitColumns)..];
            var to = packed.Slice(unit * UnitBytes, UnitBytes);
            for (var i = 0; i < UnitBytes; i++)
            {
                var low = i < from.Length ? from[i] & 15 : 0;
                var high = i + UnitBytes < from.Length ? from[i + UnitBytes] & 15 : 0;
                to[i] = (byte)(low | (high << 4));
            }
        }
    }

    /// <summary>One code of a packed row.</summary>
    public static int Code(ReadOnlySpan<byte> packed, int column)
    {
        var (unit, inside) = Math.DivRem(column, UnitColumns);
        return (packed[(unit * UnitBytes) + (inside % UnitBytes)] >> (inside < UnitBytes ? 0 : 4)) & 15;
    }
}
