namespace XLLM.Silo.Sampling;

/// <summary>Random numbers that are named, not drawn in turn: number n of stream s is a function of s and n. So a draw can be repeated anywhere.</summary>
/// <remarks>
/// Philox 4x32 with 10 rounds: the key is the seed, the counter is the position. Each round multiplies two of the four words and swaps the halves of the products
/// into the others. Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4.3.
/// </remarks>
internal static class RandomStream
{
    private const int Rounds = 10;
    private const uint MultiplierA = 0xD2511F53;
    private const uint MultiplierB = 0xCD9E8D57;
    private const uint KeyStepA = 0x9E3779B9;       // golden ratio
    private const uint KeyStepB = 0xBB67AE85;       // square root of 3, minus 1

    /// <summary>A number in [0, 1), a multiple of 2^-53.</summary>
    /// <param name="seed">Which stream.</param>
    /// <param name="position">Which number of it, from 0.</param>
    public static double Uniform(ulong seed, long position)
    {
        var (a, b, _, _) = Philox((uint)position, (uint)((ulong)position >> 32), 0, 0, (uint)seed, (uint)(seed >> 32));
        return ((((ulong)a << 32) | b) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>The bare function, for its known answers.</summary>
    internal static (uint A, uint B, uint C, uint D) Philox(uint a, uint b, uint c, uint d, uint keyA, uint keyB)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var (productA, productB) = ((ulong)MultiplierA * a, (ulong)MultiplierB * c);
            (a, b, c, d) = ((uint)(productB >> 32) ^ b ^ keyA, (uint)productB, (uint)(productA >> 32) ^ d ^ keyB, (uint)productA);
            keyA += KeyStepA;
            keyB += KeyStepB;
        }

        return (a, b, c, d);
    }
}
