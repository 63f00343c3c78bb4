namespace XLLM.NativeBackends.Ops;

/// <summary>The 8-bit float of checkpoints: 1 sign, 4 exponent and 3 significand bits, no infinities. Source: OCP 8-bit floating point specification 1.0.</summary>
public static class Float8
{
    private static readonly float[] Values = [.. Enumerable.Range(0, 256).Select(code => Decode(code))];

    /// <summary>What each code stands for; 0x7F and 0xFF are NaN.</summary>
    public static ReadOnlySpan<float> E4M3 => Values;

    private static float Decode(int code)
    {
        var (exponent, significand) = ((code >> 3) & 15, code & 7);
        var magnitude = (exponent, significand) switch
        {
            (15, 7) => float.NaN,
            (0, _) => significand * MathF.ScaleB(1, -9),
            _ => (8 + significand) * MathF.ScaleB(1, exponent - 10),
        };
        return code >= 128 ? -magnitude : magnitude;
    }
}
