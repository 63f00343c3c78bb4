using System.Buffers.Binary;
using System.Security.Cryptography;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Fixes the random stream of a request before its first try, so that whoever goes on draws the same tokens.</summary>
public static class FixedSeed
{
    /// <summary>The request with a seed.</summary>
    public static ChatRequest Of(ChatRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Sampling.Seed is null ? request with { Sampling = Of(request.Sampling) } : request;
    }

    /// <summary>The parameters with a seed: the one they have, or one drawn.</summary>
    public static SamplingParameters Of(SamplingParameters sampling)
    {
        ArgumentNullException.ThrowIfNull(sampling);
        if (sampling.Seed is not null)
        {
            return sampling;
        }

        Span<byte> bytes = stackalloc byte[sizeof(long)];
        RandomNumberGenerator.Fill(bytes);
        return sampling with { Seed = BinaryPrimitives.ReadInt64LittleEndian(bytes) & long.MaxValue };
    }
}
