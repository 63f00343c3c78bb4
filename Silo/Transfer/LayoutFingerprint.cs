using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace XLLM.Silo.Transfer;

/// <summary>Names everything that a KV block's bytes depend on beside its tokens: weights, numbers of the backend, KV type, layout. Blocks of another fingerprint are never used.</summary>
/// <param name="Value">128 bits.</param>
internal readonly record struct LayoutFingerprint(UInt128 Value)
{
    /// <summary>XXH3-128 over the parts, each with its length before it.</summary>
    public static LayoutFingerprint Of(params IEnumerable<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part}\n");
        }

        return new LayoutFingerprint(XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
